"""What trust needs: reports to moderators, sealed words, erasures."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make them."""
    op.add_column("stories", sa.Column("heard", sa.String()))
    _count_by_server()
    _erase()
    _moderate()
    _seal()


def _count_by_server() -> None:
    """Where a panel was asked for, so that a server's limit by the day can be counted."""
    op.add_column("drawings", sa.Column("server_id", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE drawings SET server_id = (SELECT stories.server_id FROM panels "
               "JOIN steps ON steps.step_id = panels.step_id JOIN stories ON stories.story_id = steps.story_id "
               "WHERE panels.panel_id = drawings.panel_id)")
    op.create_index("ix_drawings_server_day", "drawings", ["server_id", "drawn_at"])


def _moderate() -> None:
    """Reported pictures, and people whom a server does not want."""
    op.create_table(
        "reports",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("panel_id", sa.String(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("server_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.panel_id"], ondelete="CASCADE",
                                name=op.f("fk_reports_panel_id_panels")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_reports")))
    for column in ("panel_id", "server_id", "owner_id"):
        op.create_index(op.f(f"ix_reports_{column}"), "reports", [column])
    op.create_table(
        "barred",
        sa.Column("server_id", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("barred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "who", name=op.f("pk_barred")))


def _erase() -> None:
    """Erasures on their way, and servers the bot has left."""
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("server_id", sa.String(), nullable=False),
        sa.Column("venue_id", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("erasure_id", name=op.f("pk_erasures")))
    op.create_index(op.f("ix_erasures_owner_id"), "erasures", ["owner_id"])
    op.create_index(op.f("ix_erasures_server_id"), "erasures", ["server_id"])
    op.create_table(
        "departures",
        sa.Column("server_id", sa.String(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_departures")))


def _seal() -> None:
    """Keys with ids; pictures that sealed words name, to be found by; of whom the database was cleared.

    The words themselves are sealed after this, in portions (engine/store/resealing.py).
    """
    op.add_column("owners", sa.Column("key_id", sa.String(), nullable=False, server_default=""))
    op.add_column("owners", sa.Column("naming_key", sa.LargeBinary()))
    op.add_column("owners", sa.Column("former_key", sa.LargeBinary()))
    op.add_column("owners", sa.Column("former_key_id", sa.String()))
    owners = sa.table("owners", sa.column("owner_id", sa.String()), sa.column("key_id", sa.String()))
    connection = op.get_bind()
    for owner_id in list(connection.scalars(sa.select(owners.c.owner_id))):
        connection.execute(sa.update(owners).where(owners.c.owner_id == owner_id).values(key_id=secrets.token_hex(8)))
    op.create_index("uq_owners_key_id", "owners", ["key_id"], unique=True)
    op.add_column("scenes", sa.Column("pictures", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("versions", sa.Column("picture", sa.String()))
    op.add_column("versions", sa.Column("underdrawing", sa.String()))
    op.create_index(op.f("ix_versions_picture"), "versions", ["picture"])
    op.create_index(op.f("ix_versions_underdrawing"), "versions", ["underdrawing"])
    op.add_column("storyboards", sa.Column("picture", sa.String()))
    op.create_table(
        "forgotten",
        sa.Column("forgetting_id", sa.String(), nullable=False),
        sa.Column("owner_hash", sa.LargeBinary(), nullable=False),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("forgetting_id", name=op.f("pk_forgotten")))
