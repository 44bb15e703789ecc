"""Content credentials: every picture and every book that leaves the house says, signed, what was generated (C2PA 2.4).

The label says which program and which painter made the picture and by what kind of process, and nothing of anybody. A
house signs with a certificate of its own, made at the first picture: it proves that the label and the pixels belong
together and come from this house, not who runs it. An operator with a certificate that others trust names it in the
settings. Whoever strips the label has an unlabelled picture: labelled, never "protected". Nothing is fetched or sent.
"""

from __future__ import annotations

import base64
import datetime
import io
import json
import os
import re
import secrets
import threading
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.nouns import StoreUnusable, StorythreadError
from engine.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

#: What a picture is, in the words of IPTC's vocabulary of digital source types.
_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
BY_A_MODEL, BY_RULES = _SOURCE + "trainedAlgorithmicMedia", _SOURCE + "algorithmicMedia"
#: The same of a book: people's words, with pictures that were generated.
WITH_A_MODEL, WITH_RULES = _SOURCE + "compositeWithTrainedAlgorithmicMedia", _SOURCE + "compositeSynthetic"
#: The painter that is no model: paper dolls, which avatars and cast sheets are too.
PAPER_DOLLS = "theatre"
#: Who makes avatars besides: a painter that was given photos; and nobody here, where one came with a character's file.
PORTRAIT, BROUGHT = "portrait", "file"

PNG, PDF = "image/png", "application/pdf"

CERTIFICATES, KEY = "certificates.pem", "key.pem"
VALID_DAYS = 3650
#: A certificate of our own is made anew this long before it ends.
RENEW_DAYS = 30

_OFFLINE = {
    "version": 1,
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False,
               "verify_timestamp_trust": False},
    "builder": {"thumbnail": {"enabled": False}}}


class Labels:
    """Signs pictures. One per process; opened at the first picture, so that starting costs nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._context: Any = None

    def label(self, png: bytes, painter: str) -> bytes:
        """The same PNG, its pixels untouched, with a signed label; about 3 KB and 3 ms. Blocks.

        `painter` is the painter's name ("mini@revision"), `PAPER_DOLLS` or `PORTRAIT`; what is `BROUGHT` stays without.
        Raises `StoreUnusable` when the certificate cannot be read or made.
        """
        if painter == BROUGHT:
            return png
        return self._sign(png, PNG, painter, BY_RULES if _of_dolls(painter) else BY_A_MODEL)

    def label_book(self, pdf: bytes, painter: str) -> bytes:
        """A PDF with such pictures in it, signed as a whole: printing programs take the pictures' own labels off."""
        return self._sign(pdf, PDF, painter, WITH_RULES if _of_dolls(painter) else WITH_A_MODEL)

    def _sign(self, content: bytes, kind: str, painter: str, source: str) -> bytes:
        if not self._settings.labels.enabled:
            return content
        import c2pa

        self.open()
        out = io.BytesIO()
        with c2pa.Builder(_manifest(kind, painter, source), context=self._context) as builder:
            builder.sign(kind, io.BytesIO(content), out)
        return out.getvalue()

    def open(self) -> None:
        """Be ready to sign, so that an unusable certificate is told at the start. Raises `StoreUnusable`. Blocks."""
        with self._lock:
            if self._context is None and self._settings.labels.enabled:
                self._context = self._open()

    def _open(self) -> Any:
        import c2pa

        asked = self._settings.labels
        if asked.certificate_file is not None and asked.key_file is not None:
            chain, key = _read(asked.certificate_file), _read(asked.key_file)
        else:
            chain, key = own_certificate(self._settings.home / "labels")
        try:
            signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(asked.algorithm, chain, key, None))
            return c2pa.Context.from_json(json.dumps(_OFFLINE), signer=signer)
        except c2pa.C2paError as error:
            raise StoreUnusable("the certificate that signs pictures cannot be used",
                                reason="certificate_unusable") from error


class SteadyLabels:
    """Labels pictures so that the same picture gives the same bytes once more. Remembers labels (3 KB), no pictures."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._put: dict[str, tuple[int, bytes]] = {}

    def label(self, key: str, png: bytes, painter: str) -> bytes:
        """The picture called `key` with its label. Raises `StoreUnusable`. Blocks."""
        if key not in self._put:
            signed = self._labels.label(png, painter)
            at = next((at for at, (one, other) in enumerate(zip(png, signed, strict=False)) if one != other), len(png))
            size = len(signed) - len(png)
            if signed[at + size:] != png[at:]:
                raise StorythreadError("a label did more to a picture than being put into it")
            self._put[key] = at, signed[at:at + size]
        at, label = self._put[key]
        return png[:at] + label + png[at:]


def generated_in(name: str, content: bytes) -> list[tuple[str, str, bytes]]:
    """The things that can have a label in a file somebody got: name, media type and bytes of each.

    A picture or a PDF is itself the one; in a zip it is the pictures, in a web page those that stand in it.
    """
    ending = name.rpartition(".")[2].casefold()
    if ending == "zip":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return [(f"{name}/{each}", PNG, packed.read(each)) for each in packed.namelist() if each.endswith(".png")]
    if ending in ("html", "htm"):
        inside = re.findall(rb"data:image/png;base64,([A-Za-z0-9+/=]+)", content)
        return [(f"{name}#{number}", PNG, base64.b64decode(each)) for number, each in enumerate(inside, start=1)]
    return [(name, PDF if ending == "pdf" else PNG, content)]


def read_label(content: bytes, *, root: bytes = b"", kind: str = PNG) -> dict[str, str] | None:
    """What a file's label says: `state` ("Valid", "Invalid", with `root` in PEM "Trusted"), `generator`, `painter`,
    `source`, `signed_by`. None where there is no label, or no such file. Blocks, and asks nobody else."""
    import c2pa

    settings: dict[str, Any] = _OFFLINE
    if root:
        settings = _OFFLINE | {"trust": {"user_anchors": root.decode()},
                               "verify": _OFFLINE["verify"] | {"verify_trust": True}}  # type: ignore[operator]
    try:
        reader = c2pa.Reader.try_create(kind, io.BytesIO(content),
                                        context=c2pa.Context.from_json(json.dumps(settings)))
    except c2pa.C2paError:                         # a file of another kind, whatever it is called
        return None
    if reader is None:
        return None
    with reader:
        manifest = reader.get_active_manifest()
        made = next(action for assertion in manifest["assertions"] if assertion["label"].startswith("c2pa.actions")
                    for action in assertion["data"]["actions"] if action["action"] == "c2pa.created")
        return {"state": reader.get_validation_state(), "generator": manifest["claim_generator_info"][0]["name"],
                "painter": made["softwareAgent"]["name"], "source": made["digitalSourceType"],
                "signed_by": manifest["signature_info"]["common_name"]}


def _of_dolls(painter: str) -> bool:
    return all(each.strip().partition("@")[0] == PAPER_DOLLS for each in painter.split(","))


def _manifest(kind: str, painter: str, source: str) -> dict[str, Any]:
    made_by = {"name": painter or "Storythread"}
    return {
        "claim_generator_info": [{"name": "Storythread", "version": version("storythread")}],
        "format": kind,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [
            {"action": "c2pa.created", "digitalSourceType": source, "softwareAgent": made_by}]}}]}


# --- a certificate of our own ----------------------------------------------------------------------

def own_certificate(folder: Path) -> tuple[bytes, bytes]:
    """The house's own chain and key, in PEM; made in `folder` when there is none, or when it soon ends.

    The key of the root that signed it is thrown away at once: nothing else can ever be signed in its name.
    """
    try:
        chain, key = (folder / CERTIFICATES).read_bytes(), (folder / KEY).read_bytes()
        if _lasts(chain):
            return chain, key
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise StoreUnusable("the certificate that signs pictures cannot be read",
                            reason="certificate_unusable") from error
    chain, key = _new_chain()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The key first: a chain without its key is never there.
        for name, content in ((KEY, key), (CERTIFICATES, chain)):
            beside = folder / f"{name}.{secrets.token_hex(4)}.new"
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
            beside.replace(folder / name)
    except OSError as error:
        raise StoreUnusable("the certificate that signs pictures cannot be saved",
                            reason="certificate_unusable") from error
    return chain, key


def own_root(settings: Settings) -> bytes:
    """The root that vouches for the labels of this house, in PEM; empty before there is one."""
    begins = b"-----BEGIN CERTIFICATE"
    try:
        chain = (settings.labels.certificate_file or settings.home / "labels" / CERTIFICATES).read_bytes()
    except OSError:
        return b""
    return chain[chain.rfind(begins):] if begins in chain else b""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreUnusable(f"the certificate {path} cannot be read", reason="certificate_unusable") from error


def _lasts(chain: bytes) -> bool:
    from cryptography import x509

    ends = x509.load_pem_x509_certificates(chain)[0].not_valid_after_utc
    return ends - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=RENEW_DAYS)


def _new_chain() -> tuple[bytes, bytes]:
    """A fresh root and the certificate it signs, as C2PA wants them: ES256, for signing alone, not self-signed."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Storythread own root", root_key, None, root_key)
    leaf = _certificate("Storythread pictures", key, root, root_key)
    pem = serialization.Encoding.PEM
    return leaf.public_bytes(pem) + root.public_bytes(pem), key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _certificate(called: str, key: EllipticCurvePrivateKey, issuer: Certificate | None,
                 issuer_key: EllipticCurvePrivateKey) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    names = x509.oid.NameOID
    name = x509.Name([x509.NameAttribute(names.ORGANIZATION_NAME, "Storythread"),
                      x509.NameAttribute(names.COMMON_NAME, called)])
    today = datetime.datetime.now(datetime.UTC)
    is_root = issuer is None
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name if issuer is None else issuer.subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(
            digital_signature=not is_root, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=is_root, crl_sign=is_root, encipher_only=False, decipher_only=False),
            critical=True))
    if not is_root:
        made = made.add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION]),
                                  critical=False)
    return made.sign(issuer_key, hashes.SHA256())
