"""Drawings by person and day, removed characters that can still be found, files still to be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them, and count the panels that were drawn before they were counted."""
    op.add_column("characters", sa.Column("removed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "leftovers",
        sa.Column("path", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_leftovers")))
    op.create_table(
        "drawings",
        sa.Column("panel_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.panel_id"],
                                name=op.f("fk_drawings_panel_id_panels"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("panel_id", "version", name=op.f("pk_drawings")))
    op.create_index("ix_drawings_owner_day", "drawings", ["owner_id", "drawn_at"])
    op.execute("""
        INSERT INTO drawings (panel_id, version, owner_id, drawn_at)
        SELECT panels.panel_id, panels.version, turns.owner_id, steps.created_at
        FROM panels JOIN steps ON steps.step_id = panels.step_id JOIN turns ON turns.turn_id = steps.turn_id
        WHERE panels.picture IS NOT NULL""")
