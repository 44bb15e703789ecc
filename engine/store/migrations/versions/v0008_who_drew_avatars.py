"""By whom a character's avatar was made, so that its label says what is true."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Of those that are there nobody knows; nearly all were drawn as paper dolls."""
    op.add_column("characters", sa.Column("drawn_by", sa.String(), nullable=False, server_default="theatre"))
