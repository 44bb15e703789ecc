"""By what a step was written, as a panel says by what it was painted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Of what is there already nobody knows."""
    op.add_column("steps", sa.Column("writer", sa.String(), nullable=False, server_default=""))
