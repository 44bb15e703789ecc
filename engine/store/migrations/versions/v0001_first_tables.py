"""The first tables: keys, pictures, characters, stories, turns, steps, panels, plates."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "characters",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("character_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pronouns", sa.String(), nullable=False),
        sa.Column("look", sa.JSON(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("avatar", sa.String()),
        sa.Column("consent", sa.JSON()),
        sa.Column("sharing", sa.String(), nullable=False),
        sa.Column("from_photo", sa.Boolean(), nullable=False),
        sa.Column("server_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_characters")),
        sa.UniqueConstraint("character_id", name=op.f("uq_characters_character_id")))
    op.create_index(op.f("ix_characters_owner_id"), "characters", ["owner_id"])
    op.create_index(op.f("ix_characters_server_id"), "characters", ["server_id"])
    op.create_table(
        "house",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_house")))
    op.create_table(
        "owners",
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_owners")),
        sa.UniqueConstraint("folder", name=op.f("uq_owners_folder")))
    op.create_table(
        "server_settings",
        sa.Column("server_id", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_server_settings")))
    op.create_table(
        "stories",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("venue_id", sa.String(), nullable=False),
        sa.Column("server_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("style", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("rating", sa.String(), nullable=False),
        sa.Column("turn_order", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("head", sa.String()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_stories")),
        sa.UniqueConstraint("story_id", name=op.f("uq_stories_story_id")))
    op.create_index(op.f("ix_stories_owner_id"), "stories", ["owner_id"])
    op.create_index(op.f("ix_stories_venue_id"), "stories", ["venue_id"])
    op.create_table(
        "cast_entries",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("character_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["character_id"], ["characters.character_id"],
                                name=op.f("fk_cast_entries_character_id_characters"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["story_id"], ["stories.story_id"],
                                name=op.f("fk_cast_entries_story_id_stories"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cast_entries")))
    op.create_index(op.f("ix_cast_entries_character_id"), "cast_entries", ["character_id"])
    op.create_index("uq_cast_entries_story_id", "cast_entries", ["story_id", "character_id"], unique=True)
    op.create_table(
        "members",
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("character_id", sa.String()),
        sa.ForeignKeyConstraint(["character_id"], ["characters.character_id"],
                                name=op.f("fk_members_character_id_characters"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["story_id"], ["stories.story_id"],
                                name=op.f("fk_members_story_id_stories"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("story_id", "owner_id", name=op.f("pk_members")))
    op.create_index(op.f("ix_members_owner_id"), "members", ["owner_id"])
    op.create_table(
        "pictures",
        sa.Column("picture_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.owner_id"],
                                name=op.f("fk_pictures_owner_id_owners"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("picture_id", name=op.f("pk_pictures")))
    op.create_index(op.f("ix_pictures_owner_id"), "pictures", ["owner_id"])
    op.create_table(
        "plates",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("setting_id", sa.String(), nullable=False),
        sa.Column("step_id", sa.String(), nullable=False),
        sa.Column("time_of_day", sa.Text(), nullable=False),
        sa.Column("weather", sa.Text(), nullable=False),
        sa.Column("style", sa.Text(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.story_id"],
                                name=op.f("fk_plates_story_id_stories"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_plates")))
    op.create_index(op.f("ix_plates_setting_id"), "plates", ["setting_id"])
    op.create_index("uq_plates_story_id", "plates",
                    ["story_id", "setting_id", "step_id", "time_of_day", "weather", "style"], unique=True)
    op.create_table(
        "story_settings",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("setting_id", sa.String(), nullable=False),
        sa.Column("step_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.story_id"],
                                name=op.f("fk_story_settings_story_id_stories"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_story_settings")))
    op.create_index(op.f("ix_story_settings_setting_id"), "story_settings", ["setting_id"])
    op.create_index("uq_story_settings_story_id", "story_settings", ["story_id", "setting_id", "step_id"], unique=True)
    op.create_table(
        "turns",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.story_id"],
                                name=op.f("fk_turns_story_id_stories"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_turns")),
        sa.UniqueConstraint("turn_id", name=op.f("uq_turns_turn_id")))
    op.create_index(op.f("ix_turns_owner_id"), "turns", ["owner_id"])
    op.create_index(op.f("ix_turns_state"), "turns", ["state"])
    op.create_index(op.f("ix_turns_story_id"), "turns", ["story_id"])
    op.create_table(
        "scenes",
        sa.Column("turn_id", sa.String(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("scene", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.story_id"],
                                name=op.f("fk_scenes_story_id_stories"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.turn_id"],
                                name=op.f("fk_scenes_turn_id_turns"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_scenes")))
    op.create_index(op.f("ix_scenes_story_id"), "scenes", ["story_id"])
    op.create_table(
        "steps",
        sa.Column("step_id", sa.String(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=False),
        sa.Column("parent", sa.String()),
        sa.Column("prose", sa.Text(), nullable=False),
        sa.Column("beats", sa.JSON(), nullable=False),
        sa.Column("closes_story", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["steps.step_id"],
                                name=op.f("fk_steps_parent_steps"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["story_id"], ["stories.story_id"],
                                name=op.f("fk_steps_story_id_stories"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.turn_id"],
                                name=op.f("fk_steps_turn_id_turns"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_steps")))
    op.create_index(op.f("ix_steps_parent"), "steps", ["parent"])
    op.create_index(op.f("ix_steps_story_id"), "steps", ["story_id"])
    op.create_index(op.f("ix_steps_turn_id"), "steps", ["turn_id"])
    op.create_table(
        "panels",
        sa.Column("panel_id", sa.String(), nullable=False),
        sa.Column("step_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("brief", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("picture", sa.String()),
        sa.Column("underdrawing", sa.String()),
        sa.Column("boxes", sa.JSON(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("painter", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String()),
        sa.Column("alt_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["steps.step_id"],
                                name=op.f("fk_panels_step_id_steps"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("panel_id", name=op.f("pk_panels")))
    op.create_index(op.f("ix_panels_step_id"), "panels", ["step_id"])
