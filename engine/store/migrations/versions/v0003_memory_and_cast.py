"""What memory keeps: appearances, versions, references, wardrobes. Questions that wait, texts to be illustrated."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make them."""
    _widen()
    op.create_table(
        "character_references",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("character_id", sa.String(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("panel_id", sa.String()),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("mood", sa.String(), nullable=False),
        sa.Column("worn", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["character_id"], ["characters.character_id"], ondelete="CASCADE",
                                name=op.f("fk_character_references_character_id_characters")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_character_references")))
    op.create_index("uq_character_references_character_id", "character_references", ["character_id", "picture"],
                    unique=True)
    op.create_table(
        "questions",
        sa.Column("question_id", sa.String(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("question", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.story_id"], ondelete="CASCADE",
                                name=op.f("fk_questions_story_id_stories")),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_questions")))
    op.create_index(op.f("ix_questions_story_id"), "questions", ["story_id"])
    op.create_index(op.f("ix_questions_owner_id"), "questions", ["owner_id"])
    op.create_table(
        "versions",
        sa.Column("panel_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("panel", sa.JSON(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.panel_id"], ondelete="CASCADE",
                                name=op.f("fk_versions_panel_id_panels")),
        sa.PrimaryKeyConstraint("panel_id", "version", name=op.f("pk_versions")))
    op.create_table(
        "appearances",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("panel_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("character_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("mood", sa.String(), nullable=False),
        sa.Column("worn", sa.JSON(), nullable=False),
        sa.Column("flip", sa.Boolean(), nullable=False),
        sa.Column("height", sa.Float(), nullable=False),
        sa.Column("box", sa.JSON()),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("quality", sa.Float(), nullable=False),
        sa.Column("likeness", sa.LargeBinary()),
        sa.Column("cutout", sa.String()),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.panel_id"], ondelete="CASCADE",
                                name=op.f("fk_appearances_panel_id_panels")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_appearances")))
    op.create_index(op.f("ix_appearances_character_id"), "appearances", ["character_id"])
    op.create_index("uq_appearances_panel_id", "appearances", ["panel_id", "version", "character_id"], unique=True)
    op.create_table(
        "storyboards",
        sa.Column("storyboard_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("story_id", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("storyboard", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.story_id"], ondelete="CASCADE",
                                name=op.f("fk_storyboards_story_id_stories")),
        sa.PrimaryKeyConstraint("storyboard_id", name=op.f("pk_storyboards")))
    op.create_index(op.f("ix_storyboards_owner_id"), "storyboards", ["owner_id"])
    op.create_index(op.f("ix_storyboards_story_id"), "storyboards", ["story_id"])


def _widen() -> None:
    """Columns that older tables gain."""
    op.add_column("characters", sa.Column("nicknames", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("characters", sa.Column("relation", sa.Text(), server_default="", nullable=False))
    op.add_column("characters", sa.Column("born_in", sa.String()))
    op.add_column("turns", sa.Column("meant", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("turns", sa.Column("before", sa.String()))
    op.add_column("steps", sa.Column("wardrobe", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("panels", sa.Column("verdict", sa.JSON()))
    op.add_column("panels", sa.Column("recalled", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("panels", sa.Column("change", sa.Text(), server_default="", nullable=False))
    op.add_column("story_settings", sa.Column("picture", sa.String()))
