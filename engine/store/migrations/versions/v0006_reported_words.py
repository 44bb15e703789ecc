"""Words can be reported too: of whose turn a report is, and whether a turn's words are locked."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make room for them. A report is about a picture or about a turn, so neither is needed."""
    op.add_column("turns", sa.Column("locked", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("reports") as reports:       # SQLite alters no column: the table is made anew
        reports.alter_column("panel_id", existing_type=sa.String(), nullable=True)
        reports.add_column(sa.Column("turn_id", sa.String()))
        reports.create_foreign_key(op.f("fk_reports_turn_id_turns"), "turns", ["turn_id"], ["turn_id"],
                                   ondelete="CASCADE")
    op.create_index(op.f("ix_reports_turn_id"), "reports", ["turn_id"])
