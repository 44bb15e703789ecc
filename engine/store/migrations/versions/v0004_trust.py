"""What trust needs: reports to moderators, sealed words, erasures."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make them."""
    _erase()


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
