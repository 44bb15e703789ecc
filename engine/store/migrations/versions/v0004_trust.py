"""What trust needs: reports to moderators, sealed words, erasures."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make them."""
