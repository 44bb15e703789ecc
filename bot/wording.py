"""Every sentence a person reads, by locale. English and Danish are both complete; a test compares them.

A key that is nobody's (an error of a new kind) reads as the honest general sentence `unexpected`. Placeholders are
filled by `str.format`; what people wrote is made safe before it gets here (`bot.text.safe`).
"""

from __future__ import annotations

import logging
import string
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import discord
from discord import app_commands

log = logging.getLogger("storythread.wording")

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({"en": "English", "da": "Dansk"})

#: Who may have agreed, in the order of the form; the value is what a slash command shows.
CONSENTS: Final[Mapping[str, str]] = MappingProxyType({
    "me": "It is me", "my_child": "It is my child and I agree",
    "adult_agreed": "It is an adult who agreed", "not_a_person": "It is a pet or a toy",
})

#: The menus of "Correct the look", a page at a time. Fields of `engine.nouns.Look`.
LOOK_FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "body": ("kind", "skin", "fur", "hair", "hair_colour", "glasses", "beard", "freckles", "wheelchair"),
    "clothes": ("outfit", "outfit_colour", "pattern", "pattern_colour", "trousers_colour", "headwear",
                "headwear_colour", "accessories"),
})

ENGLISH: Final[Mapping[str, str]] = MappingProxyType({
    # errors: what went wrong, and what to do
    "unexpected": "Something went wrong on my side. It has been noted; please try again.",
    "refused": "That cannot be done just now.",
    "cancelled": "That was cancelled.",
    "not_found": "I cannot find that any more.",
    "store_unusable": "I cannot save anything just now, so I take no new turns. What is saved is safe. "
                      "Please try again later.",
    "store_full": "There is no room left to save anything. What is saved is safe. Please tell whoever runs this bot.",
    "store_locked": "Another copy of me is using the library just now. Please try again in a minute.",
    "store_read_only": "My library can only be read just now, so I take no new turns. What is saved is safe.",
    "store_damaged": "My library is damaged. Please tell whoever runs this bot; nothing has been thrown away.",
    "store_newer": "My library was written by a newer version of me. Please tell whoever runs this bot.",
    "forgotten": "Whoever asked for that has since asked to be forgotten.",
    "pictures_unusable": "I cannot save pictures just now. What is saved is safe. Please try again later.",
    "picture_damaged": "A saved picture is damaged, so I cannot show it.",
    "master_key_missing": "The key to the saved pictures is missing. Please tell whoever runs this bot.",
    "master_key_damaged": "The key to the saved pictures is damaged. Please tell whoever runs this bot.",
    "master_key_wrong": "The key does not open the saved pictures. Please tell whoever runs this bot.",
    "master_key_unwritable": "The key to the pictures cannot be saved. Please tell whoever runs this bot.",
    "settings_unusable": "My settings cannot be used. Please tell whoever runs this bot.",
    "studio_failed": "The drawing studio could not do it this time.",
    "studio_busy": "The drawing studio is very busy. Please try again in a minute.",
    "studio_starting": "The drawing studio is still starting. Please try again in a minute.",
    "restarting": "I am just being restarted. Please try again in a minute.",
    "discord_forbidden": "Discord does not let me do that here.",
    "command_stale": "This command has changed. Please restart Discord and try again.",
    "not_allowed": "You may not do that here.",
    "stale_button": "This button belongs to something that has changed or is gone.",
    "permissions_missing": "I am missing a permission in this channel: {permissions}. "
                           "Somebody who manages the server can give it to me; then try again.",
    "permission_view_channel": "View Channel",
    "permission_send_messages": "Send Messages",
    "permission_send_messages_in_threads": "Send Messages in Threads",
    "permission_create_public_threads": "Create Public Threads",
    "permission_attach_files": "Attach Files",
    "permission_read_message_history": "Read Message History",
    "not_in_group_dm": "I cannot post in this chat. Write to me in a DM, or use a server I am on.",
    "not_on_this_server": "I am not a member of this server, so I cannot post here. Write to me in a DM, "
                          "or ask somebody who manages the server to add me.",
    "server_only": "This works on a server only.",
    "managers_only": "Only people who manage the server can do that.",
    "venue_gone": "The channel of this story is gone.",
    "venue_closed": "I can no longer write in the channel of this story.",
    "thread_locked": "The thread of this story is locked. Somebody who manages the server can unlock it.",

    # errors: photos
    "photo_unreadable": "I cannot read that picture. Please send a JPEG, PNG or WebP photo.",
    "photo_wrong_kind": "That file is not a photo I can read. Please send a JPEG, PNG or WebP photo.",
    "photo_empty": "That file is empty. Please choose the photo again.",
    "photo_truncated": "That photo is cut off in the middle. Please send it again.",
    "photo_too_large": "That photo is too large. Please send one of at most {limit_mib} MB.",
    "photo_too_many_pixels": "That photo has too many pixels for me. Please send a smaller one.",
    "photo_too_small": "That photo is too small to see anything in. Please send a larger one.",
    "photo_too_narrow": "That photo is too narrow. Please send one that is not so long and thin.",
    "photo_animated": "That picture moves; I looked at its first moment only.",
    "photo_dark": "That photo is too dark to see anything in. Please send a brighter one.",
    "photo_dark_note": "That photo is rather dark, so the avatar may not look quite right.",
    "photo_blank": "That photo is all one colour. Please send another one.",
    "photo_blurred": "That photo is blurred, so the avatar may not look quite right. Another one may do better.",
    "no_face": "I see no face in that photo, so I went by the colours. Correct the look where it is wrong.",
    "several_faces": "I see several faces, and drew the largest. A photo of one alone does better.",
    "kind_guessed": "I had to guess who this is. Correct the look if I guessed wrong.",
    "photo_too_slow": "That photo takes too long to read. Please send another one.",
    "photo_gone": "Discord no longer has that photo. Please send it again.",
    "photos_too_many": "That is too many photos. Please choose at most {limit}.",
    "consent_needed": "Before I may use a photo I need to know who agreed to it. Please choose one of the answers "
                      "under \"Who agreed?\" and send it again.",

    # errors: names and characters
    "name_empty": "A character needs a name.",
    "name_hidden": "That name has invisible or direction-changing characters in it. "
                   "Please type it with plain letters.",
    "name_mention": "A name cannot mention anybody or hold a link. Please leave out the @ or the address.",
    "name_too_long": "That name is too long: {length} characters. Please use at most {limit}.",
    "name_letters": "A name needs at least one letter.",
    "name_symbols": "Please use letters, digits, spaces and - ' . , & in a name, and no emoji or other signs.",
    "name_taken": "You already have a character called {name}. Please choose another name, or use `/character edit`.",
    "characters_too_many": "You have {limit} characters, and that is as many as one person can have. "
                           "Please remove one first.",
    "character_unknown": "You have no character called {name}. `/character list` shows the ones you have.",
    "character_not_kept": "{name} is waiting for you to press Keep. Use `/character show` and look at the avatar "
                          "first.",
    "no_characters": "You have no characters yet. Make one with `/character add`.",

    # errors: stories and turns
    "start_managers_only": "On this server only people who manage it may start stories.",
    "start_elsewhere": "I cannot open a thread here. Please start the story in an ordinary text channel, "
                       "in a thread, or in a DM with me.",
    "story_already_here": "There is already a story here: {title}. End it with `/story end` before a new one starts.",
    "story_not_here": "There is no story here. Use this in a story's thread, or start one with `/story start`.",
    "no_story_in_dm": "There is no story here yet. Start one with `/story start`, then just write to me. "
                      "`/help` tells more.",
    "story_ended": "This story has ended. `/story resume` opens it again.",
    "story_paused": "This story is paused. `/story resume` lets it go on.",
    "story_open": "This story is going on already.",
    "nothing_yet": "Nothing has happened in this story yet.",
    "not_member": "You are not in this story yet. Join it and then write.",
    "not_in_story": "You are not in this story.",
    "already_in": "You are in this story already. Press Take turn to write.",
    "not_your_turn": "It is {name}'s turn now. In this story people write one after the other.",
    "turn_empty": "There are no words in that. Please write what happens next.",
    "turn_too_long": "That is too long for one turn: {length} characters. Please use at most {limit}.",
    "turn_twice": "I have that turn already.",
    "turn_in_progress": "A page is being made just now. Please wait until it is done.",
    "turns_waiting": "You have {limit} turns waiting already. Please wait until one is done.",
    "quota_reached": "You have had your {limit} pictures for today. There will be more tomorrow.",
    "undo_stale": "Only the newest page can be taken back.",
    "nothing_to_undo": "There is no page to take back.",
    "panel_undone": "This page was taken back, so it cannot be drawn again.",
    "redraw_running": "This picture is being drawn just now.",

    # who is meant, and who comes in
    "question_who": "Before I draw: who is **“{word}”** here?",
    "question_hint": "Your words are kept. If nothing is clicked in ten minutes, I just write on.",
    "question_answered": "Thank you! **“{word}”** is {names}.",
    "question_written_on": "I just write on.",
    "question_not_yours": "Only the one who wrote this can say who is meant.",
    "question_gone": "That was answered already, and the story went on.",
    "button_meant_all": "All of them", "button_meant_both": "Both", "button_meant_on": "Just write on",
    "names_and": "and",
    "newcomer_new": "**{name}** is new in the story.",
    "newcomer_is": "**{name}** stays just like this in the story.",
    "newcomer_redrawn": "**{name}** is being drawn another way.",
    "newcomer_left": "**{name}** has left the story.",
    "newcomer_busy": "That picture is being drawn just now. Please try again in a moment.",
    "button_newcomer_this": "This is {name}", "button_newcomer_other": "Draw {name} another way",
    "button_newcomer_out": "Leave {name} out",
    # buttons
    "button_take": "Take turn", "button_next": "Next page", "button_join": "Join", "button_undo": "Undo",
    "button_redraw": "Redraw", "button_retry": "Try again", "button_keep": "Keep", "button_again": "Try again",
    "button_correct_body": "Correct the look", "button_correct_clothes": "Correct the clothes",
    "button_remove": "Remove for good",

    # turns
    "turn_form_title": "Your turn",
    "turn_form_label": "What happens next?",
    "turn_form_hint": "Write as you like, a sentence or a few. The story goes on from there.",
    "turn_taken": "**{name}** writes:",
    "turn_next_page": "**{name}** turns the page.",
    "turn_end": "**{name}** brings the story to its end.",
    "turn_retried": "Once more, says **{name}**.",
    "turn_kept": "Here are your words, so that they are not lost:",
    "turn_failed": "That turn did not work out. {why} Your words are still here.",
    "page_failed": "That page did not work out. {why}",
    "page_taken_back": "This page was taken back.",
    "page_taken_back_by": "**{name}** took this page back.",
    "picture_taken_back": "This picture was taken back.",
    "panel_placed": "Picture {number} comes here.",
    "panel_waiting": "Picture {number} is waiting: place {place}, about {seconds} s.",
    "panel_painting": "Drawing picture {number}: {percent} %",
    "panel_sketch_alt": "Being drawn: {words}",
    "panel_failed": "This picture did not work out. {why}",

    # stories
    "story_untitled": "A story",
    "story_started": "The story **{title}** begins in {thread}. Everybody there can join.",
    "roster_order_free": "Everybody writes when they like.",
    "roster_order_in_order": "Everybody writes in turn.",
    "roster_as": "{name} as {character}",
    "roster_cast": "In the story: {names}",
    "roster_no_cast": "No characters yet: make one with `/character add`, and name them when you write.",
    "joined": "**{name}** joins the story.",
    "joined_without_character": "You are in! You have no character of your own yet: make one with `/character add`, "
                                "and name them when you write.",
    "bring_question": "You are in! Which of your characters come along? The first one is you.",
    "bring_menu": "Your characters",
    "brought": "Coming along: {names}.",
    "left": "**{name}** leaves the story.",
    "paused": "**{name}** pauses the story. `/story resume` lets it go on.",
    "resumed": "**{name}** lets the story go on.",
    "ended": "**{name}** ends the story. `/story export` makes a book of it.",
    "back_gone": "**{name}** goes on from page {page}. Later pages are put aside, not lost.",
    "back_to_beginning": "**{name}** goes back to before the first page. The pages are put aside, not lost.",
    "back_no_page": "There is no such page. This story has {count}.",
    "back_there_already": "The story is there already.",
    "button_branch": "The other way",
    "why_title": "### How picture {number} came about",
    "why_laid": "Before I paint, I lay out a rough picture from memory. The first one below is that one.",
    "why_laid_alt": "The rough picture that was painted over",
    "why_place": "Where: {place}, {time}.",
    "why_order": "Who, from left to right: {names}.",
    "why_worn": "{name} wears now: {worn}.",
    "why_remembered": "**What I remembered for it**",
    "why_kept_nothing": "I kept no notes about this picture.",
    "recall_avatar": "{name}: the picture that was chosen at the start. It says who {name} is.",
    "recall_reference": "{name} in a picture that somebody liked.",
    "recall_cutout_pose": "{name} in picture {number}: doing the same, in the same clothes.",
    "recall_cutout_clothes": "{name} in picture {number}: in the same clothes.",
    "recall_cutout_near": "{name} in picture {number}: sharp, and much like themselves.",
    "recall_plate": "{place}: painted once without anybody, so that it stays the same place.",
    "recall_frame_place": "Picture {number}, which plays in the same place.",
    "recall_frame_cast": "Picture {number}, where some of them were before.",
    "why_good": "I looked at everybody afterwards: they are all themselves.",
    "why_weak": "{name} could look more like themselves. Redraw tries again.",
    "why_confused": "{name} came out looking like somebody else of this story. Redraw tries again.",
    "why_missing": "I could not find {name} in it. Redraw tries again.",
    "why_doubled": "{name} seems to be in it twice. Redraw tries again.",
    "why_twice": "I painted it twice and kept the better one.",
    "why_unchecked": "Nobody looked whether everybody is themselves.",
    "why_change": "What somebody asked to be different: {change}",
    "why_made": "-# Painted by {painter} with seed {seed}; version {version}.",
    "why_nothing_yet": "There is no picture here yet.",
    "why_no_such_picture": "There is no picture {number} here. The newest is picture {count}.",
    "button_why": "Why?",
    "recap": "**{title}**, {pages} pages so far.",
    "book_ready": "Here is the picture book **{title}**.",
    "book_too_large": "The {kind} book is too large for Discord. Whoever runs this bot can export it.",
    "settings_saved": "Saved. Who may start stories: {who}. Pictures a person a day: {panels}. Stories are {rating}. "
                      "Language: {language}. Pictures: {style}.",
    "settings_are": "Who may start stories: {who}. Pictures a person a day: {panels}. Stories are {rating}. "
                    "Language: {language}. Pictures: {style}.",
    "who_everyone": "everyone", "who_managers": "people who manage the server",
    "rating_toddler": "for the very young", "rating_family": "for the family", "rating_teen": "for teenagers",

    # characters
    "character_form_title": "A new character",
    "character_edit_title": "Change a character",
    "character_form_name": "Name",
    "character_form_pronouns": "Pronouns",
    "character_form_words": "How do they look? (a few words)",
    "character_form_words_hint": "A grey toy rabbit with a red scarf; a girl with glasses and a yellow raincoat",
    "character_form_photos": "Photos (1 to 5, if you like)",
    "character_form_photos_hint": "I look at them once, draw an avatar, and do not keep them.",
    "character_form_consent": "Who agreed? (needed with photos)",
    "character_form_consent_hint": "Photos of other people's children need their parents.",
    "consent_me": "It is me", "consent_my_child": "It is my child and I agree",
    "consent_adult_agreed": "It is an adult who agreed", "consent_not_a_person": "It is a pet or a toy",
    "pronouns_she": "she/her", "pronouns_he": "he/him", "pronouns_they": "they/them", "pronouns_it": "it/its",
    "pronouns_any": "any pronouns",
    "character_card": "Is this {name}?",
    "character_kept": "{name} is ready for stories",
    "character_waits": "(waits for Keep)",
    "character_list_title": "Your characters:",
    "character_remove_sure": "Remove {name} for good? Pages already drawn stay as they are.",
    "character_removed": "{name} is removed.",
    "photo_let_go": "Drawn from a photo, which I have not kept.",
    "avatar_alt": "{name}: {look}",
    "look_kind": "Who", "look_skin": "Skin", "look_fur": "Fur", "look_hair": "Hair", "look_hair_colour": "Hair colour",
    "look_glasses": "Glasses", "look_beard": "Beard", "look_freckles": "Freckles", "look_wheelchair": "Wheelchair",
    "look_outfit": "Clothes", "look_outfit_colour": "Colour of the clothes", "look_pattern": "Pattern",
    "look_pattern_colour": "Colour of the pattern", "look_trousers_colour": "Colour of the trousers",
    "look_headwear": "On the head", "look_headwear_colour": "Colour of what is on the head",
    "look_accessories": "What they carry or wear besides (up to 3)",

    # help
    "help": "### Telling a story together\n"
            "1. `/character add` makes a character from photos or words. Look at the avatar and press Keep.\n"
            "2. `/story start` opens a thread (or begins here, in a DM).\n"
            "3. Press Join, then Take turn, and write what happens. I go on with the story and draw the next page.\n"
            "4. Under a picture: Redraw draws it again, Change draws it with something different (“make it night”), "
            "Undo takes the page back, Next page lets me write.\n"
            "5. `/story export` makes a book of it. `/story pause`, `resume`, `recap`, `leave` and `end` do what "
            "they say.\n"
            "6. Your characters: `/character sheet` makes a page of one, `share` says who may use it, `consent` takes "
            "it out of stories, `export` and `import` carry it elsewhere.\n"
            "7. Other ways: `/story illustrate` draws a whole text, `/story fill` a page that is missing, and "
            "`/story start picture:` begins at a place you have a picture of.",
    "help_plain_messages": "Here you can also just write: a plain message is a turn. Begin with // to say something "
                           "that is not part of the story.",
    "help_buttons_only": "In a DM with me you can just write: a plain message is a turn there.",

    # the terminal
    "terminal_who": "Who is in the story? (An empty name begins it.)",
    "terminal_name": "Name",
    "terminal_about": "A photo's file name, or a few words about how they look",
    "terminal_pronouns": "Pronouns ({choices})",
    "terminal_consent": "Who agreed to the photo? ({choices})",
    "terminal_writer": "And what is your own name?",
    "terminal_needs_character": "A story needs somebody in it.",
    "terminal_choose": "Please answer with one of these: {choices}.",
    "terminal_in_story": "{name} is in the story: {look}.",
    "terminal_hint": "Write what happens. /next: I write a page. /redraw: the last picture again. /undo: take the page "
                     "back. /change WISH: the last picture with something different; /flip: its versions. "
                     "/fill 2: a page after page 2. /illustrate FILE: a whole text. /as NAME: somebody else writes. "
                     "/end: a last page. /quit",
    "terminal_no_command": "There is no {command} here. /next, /redraw, /undo, /change WISH, /flip, /fill, "
                           "/illustrate FILE, /as NAME, /end and /quit are understood.",
    "terminal_book": "{panels} pictures, and the book: {html}, {pdf}",
    "terminal_no_book": "Nothing was told, so there is no book.",
    "terminal_finishing": "First I finish the page of {title} that was cut short.",
    "terminal_finished": "That page is kept: storythread export {story} makes a book of it.",
    "terminal_stopped": "Stopped. The page that was being made is finished at the next start.",
    "terminal_unable": "The {role} cannot work here: {why}.",
    "terminal_stand_in": "The painter cannot work here, so paper dolls stand in for it.",
    "terminal_plate": "Painting the place of picture {number}",
    "role_writer": "writer", "role_painter": "painter",

    # characters as files
    "character_file_not_one": "That is not a character file. `/character export` makes one.",
    "character_file_too_large": "That character file is too large. It may be at most {limit_mib} MB.",
    "character_file_damaged": "That character file is damaged, so I have not opened it. Please export it once more.",
    "character_file_locked": "That character file is locked with a password. Please export it once more, without one.",
    "character_file_too_much": "There is more packed into that file than a character needs, so I have not opened it.",
    "character_file_strange": "There are things in that file that do not belong in a character file, so I have not "
                              "opened it.",
    "character_file_newer": "That character file was made by a newer version of me, and I cannot read it yet.",
    "character_file_words": "I cannot use what that character file says under \"{field}\", so I have not opened it.",
    "character_file_picture": "I cannot use a picture in that character file, so I have not opened it.",
    "character_file_adapter": "I cannot use what was learned in that character file, so I have not opened it.",
    "character_file_ready": "Here is **{name}** as a file. Somebody who has it can bring {name} along anywhere I am, "
                            "with `/character import`; so give it only to people you trust.",
    "character_file_bare": "**{name}** has no avatar yet, so the file holds the look and the words alone.",
    "character_file_arrived": "**{name}** has arrived and is yours now.",
    "character_file_learned": "What a larger model had learned about {name} came along, but I cannot use it here, so I "
                              "have let it go.",
    "character_file_consent": "This character was drawn from photos of a person. Before {name} may be in stories here "
                              "I need to know who agreed.",

    # a character's page, its other names, who may use it
    "character_form_nicknames": "Other names, commas between them",
    "character_form_nicknames_hint": "Mimi, Mie",
    "character_form_relation": "Who are they to you?",
    "character_form_relation_hint": "My daughter, my friend, our dog. Then \"my daughter\" in a turn means them.",
    "character_more_title": "Names and family",
    "button_more": "Names and family",
    "character_also": "also called {names}",
    "character_relation": "your {relation}",
    "character_relation_own": "my {relation}",
    "character_withdrawn_mark": "(in no story)",
    "nicknames_too_many": "That is too many other names. Please choose at most {limit}.",
    "relation_too_long": "Please say in a few words who they are to you: at most {limit} characters.",
    "character_sheet_ready": "Here is the page about **{name}**. It fits a sheet of A4 paper.",
    "character_sheet_alt": "A page about {name}, in several poses and moods: {look}",
    "character_shared_me": "Only you can write about **{name}** now. In other people's turns {name} is not drawn.",
    "character_shared_story": "Everybody in a story that you bring **{name}** into can write about {name} there.",
    "character_shared_server": "Anybody on this server can bring **{name}** into a story now.",
    "character_share_on_server": "To share a character with a server, use this command on that server.",
    "character_not_usable": "**{name}** is in no story just now, because the consent was taken back. "
                            "`/character consent give` changes that.",

    # consent
    "consent_menu": "Who agreed?",
    "consent_given": "Thank you. **{name}** may be in stories.",
    "wipe_stands": "**{name}** may be in stories, so I leave the pictures alone. `/character consent withdraw` "
                      "comes first.",
    "consent_question": "Who agreed that **{name}** may be drawn?",
    "withdraw_done": "From now on **{name}** is in no story. `/character consent give` changes that again.",
    "withdraw_pictures": "Pictures with {name} that are drawn already: {count} (stories: {stories}). What shall become "
                         "of them?",
    "withdraw_no_pictures": "There are no pictures with {name}.",
    "button_wipe_redraw": "Redraw {count} without {name}", "button_wipe_remove": "Remove these pictures",
    "button_wipe_leave": "Leave them",
    "wipe_left": "The pictures stay as they are.",
    "wipe_running": "Those pictures are being changed just now.",
    "wipe_redrawing": "Redrawing without {name}: {done} of {count} are done.",
    "wipe_removing": "Removing the pictures with {name}: {done} of {count} are gone.",
    "wipe_redrawn": "All done: redrawn without **{name}** ({count}).",
    "wipe_removed": "All done: gone from the stories and from what I keep, all pictures with **{name}** ({count}).",
    "wipe_some_left": "{done} of {count} are done. The rest did not work out: use "
                      "`/character consent withdraw` once more to try again or to remove them.",
    "picture_withdrawn": "This picture was taken away, as somebody in it wished.",

    # ways into a story: texts, pictures, gaps, wishes
    "text_empty": "There are no words in that text.",
    "text_too_long": "That text is too long: {length} characters. Please use at most {limit}.",
    "text_too_many_sentences": "That text has {length} sentences. Please use at most {limit} at a time.",
    "text_file_empty": "That file is empty.",
    "text_file_binary": "That file is not plain text. Please send a .txt or .md file.",
    "text_file_kind": "Please send a text as a .txt or .md file.",
    "text_file_too_large": "That file is too large. A text may have at most {limit_kib} KiB.",
    "text_file_gone": "Discord no longer has that file. Please send it again.",
    "text_being_drawn": "A text is being illustrated in this story just now. Wait until it is done, or press Stop.",
    "board_last_page": "That is the only page left. Press Cancel to give the whole text up.",
    "board_no_next": "There is no next page to join with.",
    "board_busy": "You have a text waiting in this story already. Use `/story illustrate` without a text to see it.",
    "board_no_quota":
        "You have had your {limit} pictures for today. The text is kept: use `/story illustrate` tomorrow.",
    "fill_same_page": "Please choose two different pages.",
    "fill_gone": "One of these pages is no longer in the story.",
    "fill_not_neighbours": "Between these two there are {between} pages already. Choose two that follow each other.",
    "fill_no_gap": "There is no gap yet: a story needs two pages before one can go between them.",
    "fill_no_such_page": "The story has {count} pages.",
    "change_empty": "Please say what should be different.",
    "change_too_long": "Please say it in at most {limit} characters.",
    "change_unclear":
        "I did not understand: “{rest}”. Try something like: make it night, give her a hat, move Ben to the "
        "left, Mia should be smiling, without the dog, add a ball, closer, in the forest, in rain.",
    "change_who": "I am not sure who is meant: {names}. Please use a name.",
    "change_not_there": "{name} is not in this picture. Say “add {name}” first.",
    "change_nothing": "The picture shows that already.",
    "change_too_many": "There is no more room in this picture.",
    "change_with_whom": "With whom? Please name somebody who is in the picture.",
    "change_colourless": "Things have colours of their own that I cannot change; clothes can be any colour.",
    "one_version": "There is only one version of this picture.",
    "picture_not_square": "I cannot use that picture as a place.",
    "story_has_begun": "The story has begun without the picture.",
    "button_change": "Change",
    "button_flip_back": "◀",
    "button_flip_on": "▶",
    "button_stop": "Stop",
    "button_draw_pages": "Draw {count} pictures",
    "button_draw_some": "Draw the first {count}",
    "button_drop_page": "Drop page",
    "button_join_pages": "Join with next",
    "button_cancel_text": "Cancel",
    "button_take_out": "Take out",
    "button_begin_here": "Begin here",
    "button_no_picture": "Without the picture",
    "button_page_before": "◀ Page",
    "button_page_after": "Page ▶",
    "panel_changed": "-# Changed: {change}",
    "change_form_title": "Change this picture",
    "change_form_label": "What should be different?",
    "change_form_hint": "make it night · give her a hat · move Ben to the left · without the dog",
    "change_taken": "A new version of the picture is being painted.",
    "text_form_title": "Illustrate a text",
    "text_form_label": "The text",
    "text_form_file": "Or a file (.txt or .md)",
    "text_form_hint": "Up to {limit} sentences. You see every page before anything is drawn.",
    "text_kept": "Your text, so that nothing is lost:",
    "text_reading": "I am reading your text: page {page} of {count} …",
    "text_reading_first": "I am reading your text …",
    "board_page": "### Page {page} of {count}",
    "board_shows": "In the picture: {cast}. {place}, {time}.",
    "board_nobody": "nobody",
    "board_menu_cast": "Who is in the picture",
    "board_menu_place": "Where it is",
    "board_menu_time": "Which time of day",
    "board_left": "You have {left} of {limit} pictures left today.",
    "board_too_many":
        "The text needs {count} pictures, and you have {left} left today. You can draw the first {left} now "
        "and the rest another day, or drop and join pages.",
    "board_rest": "{drawn} pages of this text are drawn already; these are the others.",
    "board_cancelled": "The text is put away. Nothing more is drawn.",
    "board_begun": "The pictures come below, one after the other.",
    "board_progress": "**{name}**'s text: {done} of {total} pictures are there.",
    "board_stopping": "I stop after the picture I am drawing now.",
    "board_stopped":
        "**{name}**'s text: stopped after {done} of {total} pictures. `/story illustrate` goes on with it.",
    "board_drawn": "**{name}**'s text is illustrated: {done} pictures.",
    "board_gallery": "**{name}**'s text in pictures, {first} to {last}.",
    "board_book": "`/story export` makes the picture book.",
    "turn_fill": "**{name}** asks for a page between two others.",
    "page_between": "-# A page between page {one} and what was page {other}",
    "fill_choose": "Between which pages is one missing?",
    "fill_menu": "Choose two pages that follow each other",
    "fill_gap": "{one} – {other}: {words}",
    "fill_taken_out": "**{name}** took the page between out again.",
    "picture_place":
        "This is how your picture looks in the book. What kind of place is it? Nothing is drawn before you "
        "press Begin here.",
    "picture_people": "-# Use a picture without people, or one of people who agreed. The photo itself is not kept.",
    "picture_faces": "I see {count} faces in it. Please use it only if they all agreed to it.",
    "picture_guessed": "I would say: {place}.",
    "picture_menu": "What kind of place",
    "picture_alt": "A square drawing made from the picture that was sent",
    "picture_page": "This is where our story begins: {place}.",
    "picture_begun": "The story begins at your picture.",
    "picture_dropped": "The story begins without the picture.",
    "at_day": "by day",
    "at_evening": "in the evening",
    "at_night": "at night",
    "terminal_changed": "A new version of the newest picture:",

    # photos, one by one, and which face is meant
    "photo_number": "Photo {number}: {what}",
    "photo_left_out": "{what} I went by the others.",
    "photo_small_note": "It is rather small, so the avatar may not look quite right.",
    "face_small": "The face is small in that photo. A nearer one does better.",
    "face_question": "I see {count} faces. Which of them is **{name}**? Only you see them, and I let go of them "
                     "again.",
    "face_question_number": "In photo {number} I see {count} faces. Which of them is **{name}**? Only you see them, "
                            "and I let go of them again.",
    "face_menu": "Who is it?",
    "face_left": "The one on the left", "face_middle": "The one in the middle", "face_right": "The one on the right",
    "face_nth": "Number {number} from the left",
    "face_alt": "Face number {number} from the left",
    "faces_gone": "I have let go of that photo by now. Please send it once more with `/character edit`, and choose "
                  "within a quarter of an hour.",
})

DANISH: Final[Mapping[str, str]] = MappingProxyType({
    "unexpected": "Noget gik galt hos mig. Det er skrevet ned; prøv igen.",
    "refused": "Det kan ikke lade sig gøre lige nu.",
    "cancelled": "Det blev afbrudt.",
    "not_found": "Det kan jeg ikke finde længere.",
    "store_unusable": "Jeg kan ikke gemme noget lige nu, så jeg tager ikke imod nye ture. Det, der er gemt, er i god "
                      "behold. Prøv igen senere.",
    "store_full": "Der er ikke plads til at gemme mere. Det, der er gemt, er i god behold. Sig det til den, der "
                  "driver botten.",
    "store_locked": "En anden udgave af mig bruger biblioteket lige nu. Prøv igen om et minut.",
    "store_read_only": "Mit bibliotek kan kun læses lige nu, så jeg tager ikke imod nye ture. Det, der er gemt, er i "
                       "god behold.",
    "store_damaged": "Mit bibliotek er beskadiget. Sig det til den, der driver botten; intet er smidt væk.",
    "store_newer": "Mit bibliotek er skrevet af en nyere udgave af mig. Sig det til den, der driver botten.",
    "forgotten": "Den, der bad om det, har siden bedt om at blive glemt.",
    "pictures_unusable": "Jeg kan ikke gemme billeder lige nu. Det, der er gemt, er i god behold. Prøv igen senere.",
    "picture_damaged": "Et gemt billede er beskadiget, så jeg kan ikke vise det.",
    "master_key_missing": "Nøglen til de gemte billeder mangler. Sig det til den, der driver botten.",
    "master_key_damaged": "Nøglen til de gemte billeder er beskadiget. Sig det til den, der driver botten.",
    "master_key_wrong": "Nøglen åbner ikke de gemte billeder. Sig det til den, der driver botten.",
    "master_key_unwritable": "Nøglen til billederne kan ikke gemmes. Sig det til den, der driver botten.",
    "settings_unusable": "Mine indstillinger kan ikke bruges. Sig det til den, der driver botten.",
    "studio_failed": "Tegnestuen kunne ikke klare det denne gang.",
    "studio_busy": "Tegnestuen har meget travlt. Prøv igen om et minut.",
    "studio_starting": "Tegnestuen er ved at starte. Prøv igen om et minut.",
    "restarting": "Jeg er ved at blive genstartet. Prøv igen om et minut.",
    "discord_forbidden": "Det lader Discord mig ikke gøre her.",
    "command_stale": "Kommandoen er ændret. Genstart Discord, og prøv igen.",
    "not_allowed": "Det må du ikke her.",
    "stale_button": "Knappen hører til noget, der er ændret eller væk.",
    "permissions_missing": "Jeg mangler en tilladelse i denne kanal: {permissions}. "
                           "En, der bestyrer serveren, kan give mig den; prøv så igen.",
    "permission_view_channel": "Se kanal",
    "permission_send_messages": "Send beskeder",
    "permission_send_messages_in_threads": "Send beskeder i tråde",
    "permission_create_public_threads": "Opret offentlige tråde",
    "permission_attach_files": "Vedhæft filer",
    "permission_read_message_history": "Læs beskedhistorik",
    "not_in_group_dm": "Jeg kan ikke skrive i denne chat. Skriv til mig i en privat besked, eller brug en server, "
                       "hvor jeg er med.",
    "not_on_this_server": "Jeg er ikke medlem af denne server, så jeg kan ikke skrive her. Skriv til mig i en privat "
                          "besked, eller bed en, der bestyrer serveren, om at tilføje mig.",
    "server_only": "Det virker kun på en server.",
    "managers_only": "Det kan kun de, der bestyrer serveren.",
    "venue_gone": "Historiens kanal findes ikke længere.",
    "venue_closed": "Jeg kan ikke længere skrive i historiens kanal.",
    "thread_locked": "Historiens tråd er låst. En, der bestyrer serveren, kan låse den op.",

    "photo_unreadable": "Jeg kan ikke læse billedet. Send et foto som JPEG, PNG eller WebP.",
    "photo_wrong_kind": "Filen er ikke et foto, jeg kan læse. Send et foto som JPEG, PNG eller WebP.",
    "photo_empty": "Filen er tom. Vælg fotoet igen.",
    "photo_truncated": "Fotoet er skåret over på midten. Send det igen.",
    "photo_too_large": "Fotoet er for stort. Send et på højst {limit_mib} MB.",
    "photo_too_many_pixels": "Fotoet har for mange pixels til mig. Send et mindre.",
    "photo_too_small": "Fotoet er for lille til, at man kan se noget. Send et større.",
    "photo_too_narrow": "Fotoet er for smalt. Send et, der ikke er så langt og tyndt.",
    "photo_animated": "Billedet bevæger sig; jeg så kun på det første øjeblik.",
    "photo_dark": "Fotoet er for mørkt til, at man kan se noget. Send et lysere.",
    "photo_dark_note": "Fotoet er ret mørkt, så avataren ligner måske ikke helt.",
    "photo_blank": "Fotoet har kun én farve. Send et andet.",
    "photo_blurred": "Fotoet er uskarpt, så avataren ligner måske ikke helt. Et andet går måske bedre.",
    "no_face": "Jeg ser intet ansigt på fotoet, så jeg gik efter farverne. Ret udseendet, hvor det er forkert.",
    "several_faces": "Jeg ser flere ansigter og tegnede det største. Et foto af én alene går bedre.",
    "kind_guessed": "Jeg måtte gætte på, hvem det er. Ret udseendet, hvis jeg gættede forkert.",
    "photo_too_slow": "Fotoet tager for lang tid at læse. Send et andet.",
    "photo_gone": "Discord har ikke længere fotoet. Send det igen.",
    "photos_too_many": "Det er for mange fotos. Vælg højst {limit}.",
    "consent_needed": "Før jeg må bruge et foto, skal jeg vide, hvem der har sagt ja. Vælg et af svarene under "
                      "\"Hvem har sagt ja?\", og send det igen.",

    "name_empty": "En figur skal have et navn.",
    "name_hidden": "Navnet har usynlige tegn eller tegn, der vender skriften. Skriv det med almindelige bogstaver.",
    "name_mention": "Et navn kan ikke nævne nogen eller rumme et link. Udelad @ eller adressen.",
    "name_too_long": "Navnet er for langt: {length} tegn. Brug højst {limit}.",
    "name_letters": "Et navn skal have mindst ét bogstav.",
    "name_symbols": "Brug bogstaver, tal, mellemrum og - ' . , & i et navn, og ingen emoji eller andre tegn.",
    "name_taken": "Du har allerede en figur, der hedder {name}. Vælg et andet navn, eller brug `/figur ret`.",
    "characters_too_many": "Du har {limit} figurer, og flere kan én person ikke have. Fjern en først.",
    "character_unknown": "Du har ingen figur, der hedder {name}. `/figur liste` viser dem, du har.",
    "character_not_kept": "{name} venter på, at du trykker Behold. Brug `/figur vis`, og se på avataren først.",
    "no_characters": "Du har ingen figurer endnu. Lav en med `/figur tilføj`.",

    "start_managers_only": "På denne server må kun de, der bestyrer den, begynde historier.",
    "start_elsewhere": "Jeg kan ikke åbne en tråd her. Begynd historien i en almindelig tekstkanal, i en tråd eller i "
                       "en privat besked til mig.",
    "story_already_here": "Der er allerede en historie her: {title}. Slut den med `/historie slut`, før en ny "
                          "begynder.",
    "story_not_here": "Der er ingen historie her. Brug det i en histories tråd, eller begynd en med "
                      "`/historie begynd`.",
    "no_story_in_dm": "Der er ingen historie her endnu. Begynd en med `/historie begynd`, og skriv så bare til mig. "
                      "`/hjælp` fortæller mere.",
    "story_ended": "Historien er slut. `/historie fortsæt` åbner den igen.",
    "story_paused": "Historien holder pause. `/historie fortsæt` sætter den i gang igen.",
    "story_open": "Historien er allerede i gang.",
    "nothing_yet": "Der er ikke sket noget i historien endnu.",
    "not_member": "Du er ikke med i historien endnu. Gå med, og skriv så.",
    "not_in_story": "Du er ikke med i historien.",
    "already_in": "Du er allerede med i historien. Tryk Tag en tur for at skrive.",
    "not_your_turn": "Det er {name}, der har turen. I denne historie skriver man efter tur.",
    "turn_empty": "Der er ingen ord i det. Skriv, hvad der nu sker.",
    "turn_too_long": "Det er for langt til én tur: {length} tegn. Brug højst {limit}.",
    "turn_twice": "Den tur har jeg allerede.",
    "turn_in_progress": "En side er ved at blive til. Vent, til den er færdig.",
    "turns_waiting": "Du har allerede {limit} ture, der venter. Vent, til en er færdig.",
    "quota_reached": "Du har fået dine {limit} billeder i dag. Der kommer flere i morgen.",
    "undo_stale": "Kun den nyeste side kan tages tilbage.",
    "nothing_to_undo": "Der er ingen side at tage tilbage.",
    "panel_undone": "Siden blev taget tilbage, så den kan ikke tegnes igen.",
    "redraw_running": "Billedet er ved at blive tegnet.",

    # who is meant, and who comes in
    "question_who": "Før jeg tegner: hvem er **“{word}”** her?",
    "question_hint": "Dine ord er gemt. Bliver der ikke klikket i ti minutter, skriver jeg bare videre.",
    "question_answered": "Tak! **“{word}”** er {names}.",
    "question_written_on": "Jeg skriver bare videre.",
    "question_not_yours": "Kun den, der skrev det, kan sige, hvem der er ment.",
    "question_gone": "Det er der svaret på, og historien er gået videre.",
    "button_meant_all": "Dem alle", "button_meant_both": "Begge", "button_meant_on": "Skriv bare videre",
    "names_and": "og",
    "newcomer_new": "**{name}** er ny i historien.",
    "newcomer_is": "**{name}** bliver ved med at se sådan ud i historien.",
    "newcomer_redrawn": "**{name}** bliver tegnet på en anden måde.",
    "newcomer_left": "**{name}** er gået ud af historien.",
    "newcomer_busy": "Det billede bliver tegnet lige nu. Prøv igen om et øjeblik.",
    "button_newcomer_this": "Det er {name}", "button_newcomer_other": "Tegn {name} anderledes",
    "button_newcomer_out": "Lad {name} gå",
    "button_take": "Tag en tur", "button_next": "Næste side", "button_join": "Gå med", "button_undo": "Fortryd",
    "button_redraw": "Tegn igen", "button_retry": "Prøv igen", "button_keep": "Behold", "button_again": "Prøv igen",
    "button_correct_body": "Ret udseendet", "button_correct_clothes": "Ret tøjet",
    "button_remove": "Fjern for altid",

    "turn_form_title": "Din tur",
    "turn_form_label": "Hvad sker der nu?",
    "turn_form_hint": "Skriv, som du har lyst, en sætning eller flere. Historien går videre derfra.",
    "turn_taken": "**{name}** skriver:",
    "turn_next_page": "**{name}** vender bladet.",
    "turn_end": "**{name}** fører historien til ende.",
    "turn_retried": "En gang til, siger **{name}**.",
    "turn_kept": "Her er dine ord, så de ikke går tabt:",
    "turn_failed": "Den tur lykkedes ikke. {why} Dine ord står her endnu.",
    "page_failed": "Den side lykkedes ikke. {why}",
    "page_taken_back": "Siden blev taget tilbage.",
    "page_taken_back_by": "**{name}** tog siden tilbage.",
    "picture_taken_back": "Billedet blev taget tilbage.",
    "panel_placed": "Billede {number} kommer her.",
    "panel_waiting": "Billede {number} venter: plads {place}, cirka {seconds} s.",
    "panel_painting": "Tegner billede {number}: {percent} %",
    "panel_sketch_alt": "Ved at blive tegnet: {words}",
    "panel_failed": "Billedet lykkedes ikke. {why}",

    "story_untitled": "En historie",
    "story_started": "Historien **{title}** begynder i {thread}. Alle kan gå med der.",
    "roster_order_free": "Alle skriver, når de har lyst.",
    "roster_order_in_order": "Man skriver efter tur.",
    "roster_as": "{name} som {character}",
    "roster_cast": "Med i historien: {names}",
    "roster_no_cast": "Ingen figurer endnu: lav en med `/figur tilføj`, og nævn den, når du skriver.",
    "joined": "**{name}** går med i historien.",
    "joined_without_character": "Du er med! Du har ingen figur endnu: lav en med `/figur tilføj`, og nævn den, når du "
                                "skriver.",
    "bring_question": "Du er med! Hvilke af dine figurer kommer med? Den første er dig.",
    "bring_menu": "Dine figurer",
    "brought": "Kommer med: {names}.",
    "left": "**{name}** forlader historien.",
    "paused": "**{name}** sætter historien på pause. `/historie fortsæt` sætter den i gang igen.",
    "resumed": "**{name}** lader historien gå videre.",
    "ended": "**{name}** slutter historien. `/historie bog` laver en bog af den.",
    "back_gone": "**{name}** fortsætter fra side {page}. Senere sider er lagt til side, ikke tabt.",
    "back_to_beginning": "**{name}** går tilbage til før den første side. Siderne er lagt til side, ikke tabt.",
    "back_no_page": "Den side findes ikke. Historien har {count}.",
    "back_there_already": "Historien er der allerede.",
    "button_branch": "Den anden vej",
    "why_title": "### Sådan blev billede {number} til",
    "why_laid": "Før jeg maler, lægger jeg et groft billede ud efter hukommelsen. Det er det første herunder.",
    "why_laid_alt": "Det grove billede, der blev malet over",
    "why_place": "Hvor: {place}, {time}.",
    "why_order": "Hvem, fra venstre mod højre: {names}.",
    "why_worn": "{name} har nu på: {worn}.",
    "why_remembered": "**Det huskede jeg til det**",
    "why_kept_nothing": "Jeg har ingen noter om dette billede.",
    "recall_avatar": "{name}: billedet, der blev valgt i begyndelsen. Det siger, hvem {name} er.",
    "recall_reference": "{name} på et billede, som nogen kunne lide.",
    "recall_cutout_pose": "{name} på billede {number}: gør det samme, i det samme tøj.",
    "recall_cutout_clothes": "{name} på billede {number}: i det samme tøj.",
    "recall_cutout_near": "{name} på billede {number}: skarp og meget sig selv.",
    "recall_plate": "{place}: malet én gang uden nogen, så det bliver ved med at være det samme sted.",
    "recall_frame_place": "Billede {number}, som foregår på det samme sted.",
    "recall_frame_cast": "Billede {number}, hvor nogle af dem var før.",
    "why_good": "Jeg så på alle bagefter: de er alle sig selv.",
    "why_weak": "{name} kunne ligne sig selv mere. Tegn igen prøver en gang til.",
    "why_confused": "{name} kom til at ligne en anden i historien. Tegn igen prøver en gang til.",
    "why_missing": "Jeg kunne ikke finde {name} på det. Tegn igen prøver en gang til.",
    "why_doubled": "{name} er vist på det to gange. Tegn igen prøver en gang til.",
    "why_twice": "Jeg malede det to gange og beholdt det bedste.",
    "why_unchecked": "Ingen har set efter, om alle er sig selv.",
    "why_change": "Det bad nogen om at få anderledes: {change}",
    "why_made": "-# Malet af {painter} med frø {seed}; udgave {version}.",
    "why_nothing_yet": "Her er ikke noget billede endnu.",
    "why_no_such_picture": "Her er ikke noget billede {number}. Det nyeste er billede {count}.",
    "button_why": "Hvorfor?",
    "recap": "**{title}**, {pages} sider indtil nu.",
    "book_ready": "Her er billedbogen **{title}**.",
    "book_too_large": "Bogen som {kind} er for stor til Discord. Den, der driver botten, kan hente den.",
    "settings_saved": "Gemt. Hvem må begynde historier: {who}. Billeder pr. person om dagen: {panels}. Historierne er "
                      "{rating}. Sprog: {language}. Billeder: {style}.",
    "settings_are": "Hvem må begynde historier: {who}. Billeder pr. person om dagen: {panels}. Historierne er "
                    "{rating}. Sprog: {language}. Billeder: {style}.",
    "who_everyone": "alle", "who_managers": "de, der bestyrer serveren",
    "rating_toddler": "for de allermindste", "rating_family": "for familien", "rating_teen": "for unge",

    "character_form_title": "En ny figur",
    "character_edit_title": "Ret en figur",
    "character_form_name": "Navn",
    "character_form_pronouns": "Stedord",
    "character_form_words": "Hvordan ser figuren ud? (få ord)",
    "character_form_words_hint": "En grå legetøjskanin med rødt halstørklæde; en pige med briller og gul regnfrakke",
    "character_form_photos": "Fotos (1 til 5, hvis du vil)",
    "character_form_photos_hint": "Jeg ser på dem én gang, tegner en avatar og gemmer dem ikke.",
    "character_form_consent": "Hvem har sagt ja? (kræves med fotos)",
    "character_form_consent_hint": "Fotos af andres børn kræver deres forældres ja.",
    "consent_me": "Det er mig", "consent_my_child": "Det er mit barn, og jeg siger ja",
    "consent_adult_agreed": "Det er en voksen, der har sagt ja",
    "consent_not_a_person": "Det er et kæledyr eller legetøj",
    "pronouns_she": "hun/hende", "pronouns_he": "han/ham", "pronouns_they": "de/dem", "pronouns_it": "den/det",
    "pronouns_any": "alle stedord",
    "character_card": "Er det {name}?",
    "character_kept": "{name} er klar til historier",
    "character_waits": "(venter på Behold)",
    "character_list_title": "Dine figurer:",
    "character_remove_sure": "Fjern {name} for altid? Sider, der er tegnet, bliver, som de er.",
    "character_removed": "{name} er fjernet.",
    "photo_let_go": "Tegnet efter et foto, som jeg ikke har gemt.",
    "avatar_alt": "{name}: {look}",
    "look_kind": "Hvem", "look_skin": "Hud", "look_fur": "Pels", "look_hair": "Hår", "look_hair_colour": "Hårfarve",
    "look_glasses": "Briller", "look_beard": "Skæg", "look_freckles": "Fregner", "look_wheelchair": "Kørestol",
    "look_outfit": "Tøj", "look_outfit_colour": "Tøjets farve", "look_pattern": "Mønster",
    "look_pattern_colour": "Mønstrets farve", "look_trousers_colour": "Buksernes farve",
    "look_headwear": "På hovedet", "look_headwear_colour": "Farven på det på hovedet",
    "look_accessories": "Andet, figuren bærer (op til 3)",

    "help": "### Fortæl en historie sammen\n"
            "1. `/figur tilføj` laver en figur af fotos eller ord. Se på avataren, og tryk Behold.\n"
            "2. `/historie begynd` åbner en tråd (eller begynder her, i en privat besked).\n"
            "3. Tryk Gå med og så Tag en tur, og skriv, hvad der sker. Jeg fortsætter historien og tegner næste "
            "side.\n"
            "4. Under et billede: Tegn igen tegner det igen, Lav om tegner det med noget anderledes (“gør det til "
            "nat”), Fortryd tager siden tilbage, Næste side lader mig skrive.\n"
            "5. `/historie bog` laver en bog af den. `/historie pause`, `fortsæt`, `resumé`, `forlad` og `slut` gør, "
            "hvad de siger.\n"
            "6. Dine figurer: `/figur ark` laver en side om en, `del` siger, hvem der må bruge den, `samtykke` tager "
            "den ud af historier, `eksport` og `import` tager den med andre steder hen.\n"
            "7. Andre veje: `/historie illustrer` tegner en hel tekst, `/historie udfyld` en side, der mangler, og "
            "`/historie begynd billede:` begynder ved et sted, du har et billede af.",
    "help_plain_messages": "Her kan du også bare skrive: en almindelig besked er en tur. Begynd med // for at sige "
                           "noget, der ikke er en del af historien.",
    "help_buttons_only": "I en privat besked til mig kan du bare skrive: en almindelig besked er en tur der.",

    "terminal_who": "Hvem er med i historien? (Et tomt navn begynder den.)",
    "terminal_name": "Navn",
    "terminal_about": "Filnavnet på et foto, eller få ord om udseendet",
    "terminal_pronouns": "Stedord ({choices})",
    "terminal_consent": "Hvem har sagt ja til fotoet? ({choices})",
    "terminal_writer": "Og hvad hedder du selv?",
    "terminal_needs_character": "En historie skal have nogen med.",
    "terminal_choose": "Svar med et af disse: {choices}.",
    "terminal_in_story": "{name} er med i historien: {look}.",
    "terminal_hint": "Skriv, hvad der sker. /next: jeg skriver en side. /redraw: det sidste billede igen. /undo: tag "
                     "siden tilbage. /change ØNSKE: det sidste billede lavet om; /flip: dets udgaver. /fill 2: en side "
                     "efter side 2. /illustrate FIL: en hel tekst. /as NAVN: en anden skriver. /end: en sidste side. "
                     "/quit",
    "terminal_no_command": "Der er ingen {command} her. /next, /redraw, /undo, /change ØNSKE, /flip, /fill, "
                           "/illustrate FIL, /as NAVN, /end og /quit forstås.",
    "terminal_book": "{panels} billeder, og bogen: {html}, {pdf}",
    "terminal_no_book": "Intet blev fortalt, så der er ingen bog.",
    "terminal_finishing": "Først gør jeg den side af {title} færdig, som blev afbrudt.",
    "terminal_finished": "Siden er gemt: storythread export {story} laver en bog af den.",
    "terminal_stopped": "Stoppet. Den side, der var ved at blive til, gøres færdig ved næste start.",
    "terminal_unable": "{role} kan ikke arbejde her: {why}.",
    "terminal_stand_in": "Maleren kan ikke arbejde her, så papirdukker træder i stedet.",
    "terminal_plate": "Maler stedet til billede {number}",
    "role_writer": "Forfatteren", "role_painter": "Maleren",

    "character_file_not_one": "Det er ikke en figurfil. `/figur eksport` laver en.",
    "character_file_too_large": "Den figurfil er for stor. Den må højst fylde {limit_mib} MB.",
    "character_file_damaged": "Den figurfil er beskadiget, så jeg har ikke åbnet den. Eksportér den igen.",
    "character_file_locked": "Den figurfil er låst med en adgangskode. Eksportér den igen uden.",
    "character_file_too_much": "Der er pakket mere i den fil, end en figur behøver, så jeg har ikke åbnet den.",
    "character_file_strange": "Der er ting i den fil, som ikke hører hjemme i en figurfil, så jeg har ikke åbnet den.",
    "character_file_newer": "Den figurfil er lavet af en nyere udgave af mig, og jeg kan ikke læse den endnu.",
    "character_file_words": "Jeg kan ikke bruge det, figurfilen siger under \"{field}\", så jeg har ikke åbnet den.",
    "character_file_picture": "Jeg kan ikke bruge et billede i den figurfil, så jeg har ikke åbnet den.",
    "character_file_adapter": "Jeg kan ikke bruge det lærte i den figurfil, så jeg har ikke åbnet den.",
    "character_file_ready": "Her er **{name}** som fil. Den, der har filen, kan tage {name} med overalt, hvor jeg er, "
                            "med `/figur import`; så giv den kun til folk, du stoler på.",
    "character_file_bare": "**{name}** har ingen avatar endnu, så filen rummer kun udseendet og ordene.",
    "character_file_arrived": "**{name}** er kommet og er din nu.",
    "character_file_learned": "Det, en større model havde lært om {name}, fulgte med, men jeg kan ikke bruge det her, "
                              "så jeg har sluppet det.",
    "character_file_consent": "Figuren er tegnet efter fotos af et menneske. Før {name} må være med i historier her, "
                              "skal jeg vide, hvem der har sagt ja.",

    "character_form_nicknames": "Andre navne, med komma imellem",
    "character_form_nicknames_hint": "Mimi, Mie",
    "character_form_relation": "Hvem er figuren for dig?",
    "character_form_relation_hint": "Min datter, min ven, vores hund. Så betyder \"min datter\" i en tur den figur.",
    "character_more_title": "Navne og familie",
    "button_more": "Navne og familie",
    "character_also": "kaldes også {names}",
    "character_relation": "din {relation}",
    "character_relation_own": "min {relation}",
    "character_withdrawn_mark": "(er ikke med i nogen historie)",
    "nicknames_too_many": "Det er for mange andre navne. Vælg højst {limit}.",
    "relation_too_long": "Sig med få ord, hvem figuren er for dig: højst {limit} tegn.",
    "character_sheet_ready": "Her er siden om **{name}**. Den passer til et A4-ark.",
    "character_sheet_alt": "En side om {name} i flere stillinger og stemninger: {look}",
    "character_shared_me": "Nu kan kun du skrive om **{name}**. I andres ture tegnes {name} ikke.",
    "character_shared_story": "Alle i en historie, som du tager **{name}** med i, kan skrive om {name} der.",
    "character_shared_server": "Nu kan alle på denne server tage **{name}** med i en historie.",
    "character_share_on_server": "For at dele en figur med en server skal du bruge kommandoen på den server.",
    "character_not_usable": "**{name}** er ikke med i nogen historie nu, for samtykket er trukket tilbage. "
                            "`/figur samtykke giv` ændrer det.",

    "consent_menu": "Hvem har sagt ja?",
    "consent_given": "Tak. **{name}** må være med i historier.",
    "wipe_stands": "**{name}** må være med i historier, så jeg lader billederne være. `/figur samtykke fortryd` "
                      "kommer først.",
    "consent_question": "Hvem har sagt ja til, at **{name}** må tegnes?",
    "withdraw_done": "Fra nu af er **{name}** ikke med i nogen historie. `/figur samtykke giv` ændrer det igen.",
    "withdraw_pictures": "Billeder med {name}, der allerede er tegnet: {count} (historier: {stories}). Hvad skal der "
                         "ske med dem?",
    "withdraw_no_pictures": "Der er ingen billeder med {name}.",
    "button_wipe_redraw": "Tegn {count} om uden {name}", "button_wipe_remove": "Fjern de billeder",
    "button_wipe_leave": "Lad dem være",
    "wipe_left": "Billederne bliver, som de er.",
    "wipe_running": "De billeder er ved at blive ændret lige nu.",
    "wipe_redrawing": "Tegner om uden {name}: {done} af {count} er færdige.",
    "wipe_removing": "Fjerner billederne med {name}: {done} af {count} er væk.",
    "wipe_redrawn": "Færdig: tegnet om uden **{name}** ({count}).",
    "wipe_removed": "Færdig: væk fra historierne og fra det, jeg gemmer, alle billeder med **{name}** ({count}).",
    "wipe_some_left": "{done} af {count} er færdige. Resten lykkedes ikke: brug `/figur samtykke fortryd` "
                      "én gang til for at prøve igen eller fjerne dem.",
    "picture_withdrawn": "Dette billede er taget væk, som en på det ønskede.",

    # ways into a story: texts, pictures, gaps, wishes
    "text_empty": "Der er ingen ord i den tekst.",
    "text_too_long": "Teksten er for lang: {length} tegn. Brug højst {limit}.",
    "text_too_many_sentences": "Teksten har {length} sætninger. Brug højst {limit} ad gangen.",
    "text_file_empty": "Filen er tom.",
    "text_file_binary": "Filen er ikke ren tekst. Send en .txt- eller .md-fil.",
    "text_file_kind": "Send teksten som en .txt- eller .md-fil.",
    "text_file_too_large": "Filen er for stor. En tekst må fylde højst {limit_kib} KiB.",
    "text_file_gone": "Discord har ikke længere den fil. Send den igen.",
    "text_being_drawn":
        "Der bliver tegnet billeder til en tekst i denne historie lige nu. Vent til den er færdig, eller tryk"
        " Stop.",
    "board_last_page": "Det er den eneste side, der er tilbage. Tryk Annuller for at opgive hele teksten.",
    "board_no_next": "Der er ingen næste side at lægge sammen med.",
    "board_busy":
        "Du har allerede en tekst, der venter i denne historie. Brug `/historie illustrer` uden en tekst for at"
        " se den.",
    "board_no_quota":
        "Du har fået dine {limit} billeder for i dag. Teksten er gemt: brug `/historie illustrer` i morgen.",
    "fill_same_page": "Vælg to forskellige sider.",
    "fill_gone": "En af siderne er ikke længere med i historien.",
    "fill_not_neighbours": "Mellem de to er der allerede {between} sider. Vælg to, der følger efter hinanden.",
    "fill_no_gap": "Der er intet hul endnu: en historie skal have to sider, før der kan komme en imellem.",
    "fill_no_such_page": "Historien har {count} sider.",
    "change_empty": "Sig, hvad der skal være anderledes.",
    "change_too_long": "Sig det med højst {limit} tegn.",
    "change_unclear":
        "Jeg forstod ikke: “{rest}”. Prøv for eksempel: gør det til nat, giv hende en hat, flyt Ben til "
        "venstre, Mia skal smile, uden hunden, tilføj en bold, tættere på, i skoven, i regnvejr.",
    "change_who": "Jeg er ikke sikker på, hvem du mener: {names}. Brug et navn.",
    "change_not_there": "{name} er ikke med på dette billede. Sig først “tilføj {name}”.",
    "change_nothing": "Det viser billedet allerede.",
    "change_too_many": "Der er ikke plads til mere på dette billede.",
    "change_with_whom": "Sammen med hvem? Nævn en, der er med på billedet.",
    "change_colourless": "Ting har deres egne farver, som jeg ikke kan ændre; tøj kan have alle farver.",
    "one_version": "Der er kun én udgave af dette billede.",
    "picture_not_square": "Det billede kan jeg ikke bruge som et sted.",
    "story_has_begun": "Historien er begyndt uden billedet.",
    "button_change": "Lav om",
    "button_flip_back": "◀",
    "button_flip_on": "▶",
    "button_stop": "Stop",
    "button_draw_pages": "Tegn {count} billeder",
    "button_draw_some": "Tegn de første {count}",
    "button_drop_page": "Drop siden",
    "button_join_pages": "Læg sammen med næste",
    "button_cancel_text": "Annuller",
    "button_take_out": "Tag ud",
    "button_begin_here": "Begynd her",
    "button_no_picture": "Uden billedet",
    "button_page_before": "◀ Side",
    "button_page_after": "Side ▶",
    "panel_changed": "-# Lavet om: {change}",
    "change_form_title": "Lav billedet om",
    "change_form_label": "Hvad skal være anderledes?",
    "change_form_hint": "gør det til nat · giv hende en hat · flyt Ben til venstre · uden hunden",
    "change_taken": "En ny udgave af billedet bliver malet.",
    "text_form_title": "Billeder til en tekst",
    "text_form_label": "Teksten",
    "text_form_file": "Eller en fil (.txt eller .md)",
    "text_form_hint": "Op til {limit} sætninger. Du ser hver side, før noget bliver tegnet.",
    "text_kept": "Din tekst, så intet går tabt:",
    "text_reading": "Jeg læser din tekst: side {page} af {count} …",
    "text_reading_first": "Jeg læser din tekst …",
    "board_page": "### Side {page} af {count}",
    "board_shows": "På billedet: {cast}. {place}, {time}.",
    "board_nobody": "ingen",
    "board_menu_cast": "Hvem er på billedet",
    "board_menu_place": "Hvor det er",
    "board_menu_time": "Hvilken tid på dagen",
    "board_left": "Du har {left} af {limit} billeder tilbage i dag.",
    "board_too_many":
        "Teksten skal bruge {count} billeder, og du har {left} tilbage i dag. Du kan få de første {left} "
        "tegnet nu og resten en anden dag, eller droppe sider og lægge dem sammen.",
    "board_rest": "{drawn} sider af teksten er allerede tegnet; her er resten.",
    "board_cancelled": "Teksten er lagt væk. Der bliver ikke tegnet mere.",
    "board_begun": "Billederne kommer nedenfor, et efter et.",
    "board_progress": "**{name}**s tekst: {done} af {total} billeder er her.",
    "board_stopping": "Jeg stopper efter det billede, jeg tegner nu.",
    "board_stopped": "**{name}**s tekst: stoppet efter {done} af {total} billeder. `/historie illustrer` går videre.",
    "board_drawn": "**{name}**s tekst har fået billeder: {done} i alt.",
    "board_gallery": "**{name}**s tekst i billeder, {first} til {last}.",
    "board_book": "`/historie bog` laver billedbogen.",
    "turn_fill": "**{name}** beder om en side mellem to andre.",
    "page_between": "-# En side mellem side {one} og det, der var side {other}",
    "fill_choose": "Mellem hvilke sider mangler der en?",
    "fill_menu": "Vælg to sider, der følger efter hinanden",
    "fill_gap": "{one} – {other}: {words}",
    "fill_taken_out": "**{name}** tog siden imellem ud igen.",
    "picture_place":
        "Sådan ser dit billede ud i bogen. Hvad er det for et sted? Intet bliver tegnet, før du trykker "
        "Begynd her.",
    "picture_people":
        "-# Brug et billede uden mennesker, eller et med mennesker, der har sagt ja. Selve fotoet bliver ikke"
        " gemt.",
    "picture_faces": "Jeg ser {count} ansigter på det. Brug det kun, hvis de alle har sagt ja.",
    "picture_guessed": "Jeg vil gætte på: {place}.",
    "picture_menu": "Hvad er det for et sted",
    "picture_alt": "En firkantet tegning lavet af det billede, der blev sendt",
    "picture_page": "Her begynder vores historie: {place}.",
    "picture_begun": "Historien begynder ved dit billede.",
    "picture_dropped": "Historien begynder uden billedet.",
    "at_day": "om dagen",
    "at_evening": "om aftenen",
    "at_night": "om natten",
    "terminal_changed": "En ny udgave af det nyeste billede:",

    "photo_number": "Foto {number}: {what}",
    "photo_left_out": "{what} Jeg gik efter de andre.",
    "photo_small_note": "Det er ret lille, så avataren ligner måske ikke helt.",
    "face_small": "Ansigtet er lille på det foto. Et tættere på er bedre.",
    "face_question": "Jeg ser {count} ansigter. Hvilket af dem er **{name}**? Kun du ser dem, og jeg gemmer dem ikke.",
    "face_question_number": "På foto {number} ser jeg {count} ansigter. Hvilket af dem er **{name}**? Kun du ser dem, "
                            "og jeg gemmer dem ikke.",
    "face_menu": "Hvem er det?",
    "face_left": "Den til venstre", "face_middle": "Den i midten", "face_right": "Den til højre",
    "face_nth": "Nummer {number} fra venstre",
    "face_alt": "Ansigt nummer {number} fra venstre",
    "faces_gone": "Jeg har sluppet det foto nu. Send det igen med `/figur ret`, og vælg inden for et kvarter.",
})

SENTENCES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({"en": ENGLISH, "da": DANISH})

#: Words of `engine.vocabulary` that menus show, in Danish. In English they speak for themselves.
DANISH_VALUES: Final[Mapping[str, str]] = MappingProxyType({
    "girl": "pige", "boy": "dreng", "woman": "kvinde", "man": "mand", "grandmother": "bedstemor",
    "grandfather": "bedstefar", "baby": "baby", "bear": "bjørn", "rabbit": "kanin", "cat": "kat", "dog": "hund",
    "fox": "ræv", "mouse": "mus", "dragon": "drage", "robot": "robot", "unicorn": "enhjørning", "penguin": "pingvin",
    "porcelain": "porcelæn", "fair": "lys", "peach": "fersken", "honey": "honning", "olive": "oliven",
    "caramel": "karamel", "deep": "mørk",
    "red": "rød", "orange": "orange", "yellow": "gul", "green": "grøn", "teal": "blågrøn", "blue": "blå",
    "navy": "marineblå", "purple": "lilla", "pink": "lyserød", "white": "hvid", "cream": "creme", "grey": "grå",
    "black": "sort", "brown": "brun", "tan": "lysebrun", "blond": "blond", "ginger": "rødblond", "lilac": "syren",
    "mint": "mynte", "gold": "guld",
    "bald": "skaldet", "short": "kort", "spiky": "strittende", "curly": "krøllet", "afro": "afro", "bob": "page",
    "long": "langt", "ponytail": "hestehale", "pigtails": "rottehaler", "bun": "knold", "braids": "fletninger",
    "mohawk": "hanekam",
    "none": "ingen", "hijab": "hijab", "headscarf": "tørklæde", "cap": "kasket", "beanie": "hue", "sunhat": "solhat",
    "wizard hat": "troldmandshat", "crown": "krone", "bow": "sløjfe", "flower crown": "blomsterkrans",
    "helmet": "hjelm",
    "round": "runde", "square": "firkantede", "sunglasses": "solbriller", "moustache": "overskæg",
    "t-shirt": "T-shirt", "sweater": "trøje", "dress": "kjole", "overalls": "overalls", "skirt": "nederdel",
    "raincoat": "regnfrakke", "pyjamas": "nattøj", "robe": "kåbe", "shorts": "shorts", "bare": "uden tøj",
    "plain": "ensfarvet", "stripes": "striber", "dots": "prikker", "checks": "tern", "stars": "stjerner",
    "hearts": "hjerter", "flowers": "blomster",
    "scarf": "halstørklæde", "backpack": "rygsæk", "necklace": "halskæde", "belt": "bælte", "bow tie": "butterfly",
    "cape": "kappe", "boots": "støvler", "headphones": "hovedtelefoner", "badge": "emblem", "wings": "vinger",
    "apron": "forklæde",
    "flat": "flade farver", "crayon": "farvekridt", "watercolour": "vandfarve",
    "day": "om dagen", "evening": "om aftenen", "night": "om natten",
    "True": "ja", "False": "nej", "0.8": "lille", "0.9": "lidt lille", "1.0": "almindelig", "1.1": "lidt stor",
    "1.2": "stor",
    "stands": "står", "waves": "vinker", "walks": "går", "jumps": "hopper", "sits": "sidder", "reads": "læser",
    "sleeps": "sover", "happy": "glad", "sad": "ked af det", "surprised": "overrasket", "angry": "vred",
    "scared": "bange", "sleepy": "søvnig", "calm": "rolig",
})
_ENGLISH_VALUES: Final[Mapping[str, str]] = MappingProxyType({
    "day": "by day", "evening": "in the evening", "night": "by night",
    "True": "yes", "False": "no", "0.8": "small", "0.9": "rather small", "1.0": "usual",
    "1.1": "rather big", "1.2": "big",
    "bare": "no clothes", "bob": "bob", "fair": "fair",
})

#: Names and descriptions of commands, their options and choices, in Danish, by the English text.
DANISH_COMMANDS: Final[Mapping[str, str]] = MappingProxyType({
    "character": "figur",
    "The people, pets and toys of your stories": "Menneskene, dyrene og legetøjet i dine historier",
    "add": "tilføj", "Add a person, a pet or a toy, from photos or from words":
        "Tilføj et menneske, et dyr eller et stykke legetøj ud fra fotos eller ord",
    "list": "liste", "Your characters": "Dine figurer",
    "show": "vis", "Look at one of your characters": "Se på en af dine figurer",
    "edit": "ret", "Change a character's name, words, photos or look": "Ret en figurs navn, ord, fotos eller udseende",
    "remove": "fjern", "Remove one of your characters for good": "Fjern en af dine figurer for altid",
    "name": "navn", "What they are called; leave empty to fill in a form":
        "Hvad figuren hedder; lad være tom for at udfylde en formular",
    "Which character": "Hvilken figur",
    "pronouns": "stedord", "How to speak of them": "Hvordan man omtaler figuren",
    "description": "beskrivelse", "A few words about how they look": "Få ord om, hvordan figuren ser ud",
    "photo": "foto", "A photo to draw them from": "Et foto at tegne efter",
    "consent": "samtykke", "Who agreed that the photo may be used": "Hvem der har sagt ja til, at fotoet må bruges",
    "she/her": "hun/hende", "he/him": "han/ham", "they/them": "de/dem", "it/its": "den/det", "any": "alle",
    "It is me": "Det er mig", "It is my child and I agree": "Det er mit barn, og jeg siger ja",
    "It is an adult who agreed": "Det er en voksen, der har sagt ja",
    "It is a pet or a toy": "Det er et kæledyr eller legetøj",
    "story": "historie",
    "Tell a story together and get a picture book": "Fortæl en historie sammen, og få en billedbog",
    "start": "begynd", "Start a story: in a thread of its own, or here in a DM":
        "Begynd en historie: i sin egen tråd eller her i en privat besked",
    "title": "titel", "What the story is called": "Hvad historien hedder",
    "order": "rækkefølge", "Who writes when": "Hvem der skriver hvornår",
    "Anybody, any time": "Alle, når de vil", "One after the other": "En efter en",
    "style": "stil", "How the pictures look": "Hvordan billederne ser ud",
    "Who you are in the story": "Hvem du er i historien",
    "join": "deltag", "Take part in the story of this thread": "Vær med i historien i denne tråd",
    "leave": "forlad", "Leave the story of this thread": "Forlad historien i denne tråd",
    "pause": "pause", "Pause the story of this thread": "Sæt historien i denne tråd på pause",
    "resume": "fortsæt", "Go on with a paused or ended story": "Fortsæt en historie, der holder pause eller er slut",
    "recap": "resumé", "What happened so far, for you alone": "Hvad der er sket indtil nu, kun til dig",
    "end": "slut", "Bring the story to its end with a last page": "Før historien til ende med en sidste side",
    "export": "bog", "The story so far as a picture book": "Historien indtil nu som billedbog",
    "settings": "indstillinger", "What this server decides about stories": "Hvad denne server bestemmer om historier",
    "who_may_start": "hvem_må_begynde", "Who may start stories": "Hvem der må begynde historier",
    "Everyone": "Alle", "People who manage the server": "De, der bestyrer serveren",
    "daily_panels": "billeder_om_dagen", "Pictures a person may have in a day":
        "Hvor mange billeder en person kan få på en dag",
    "rating": "målgruppe", "Whom the stories are for": "Hvem historierne er for",
    "For the very young": "For de allermindste", "For the family": "For familien", "For teenagers": "For unge",
    "language": "sprog", "The language of new stories": "Nye historiers sprog",
    "English": "Engelsk", "Dansk": "Dansk",
    "How pictures look unless a story says otherwise": "Hvordan billeder ser ud, når historien ikke siger andet",
    "flat": "flade farver", "crayon": "farvekridt", "watercolour": "vandfarve",
    "back": "tilbage", "Go on from an earlier page; the later ones are put aside":
        "Fortsæt fra en tidligere side; de senere lægges til side",
    "page": "side", "The page to go on from": "Den side, der fortsættes fra",
    "why": "hvorfor", "Why a picture looks as it does, for you alone":
        "Hvorfor et billede ser ud, som det gør, kun til dig",
    "picture": "billede", "Which picture of the story; leave out for the newest":
        "Hvilket billede i historien; udelad for det nyeste",
    "help": "hjælp", "How to tell a story together": "Sådan fortæller man en historie sammen",
    "nicknames": "kaldenavne", "Other names they go by, with commas between": "Andre navne, med komma imellem",
    "relation": "relation",
    "Who they are to you: my sister, our dog": "Hvem figuren er for dig: min søster, vores hund",
    "sheet": "ark",
    "A page about a character, to look at or to print": "En side om en figur, til at se på eller printe",
    "share": "del",
    "Decide who may write about one of your characters": "Bestem, hvem der må skrive om en af dine figurer",
    "with": "med", "Who may": "Hvem der må", "Only me": "Kun jeg",
    "Everybody in a story I bring them into": "Alle i en historie, jeg tager figuren med i",
    "Everybody on this server": "Alle på denne server",
    "character export": "eksport", "One of your characters as a file": "En af dine figurer som fil",
    "import": "import", "Bring in a character from a file": "Hent en figur ind fra en fil",
    "file": "fil", "A file that /character export made": "En fil, som /figur eksport har lavet",
    "Another name for them, if you like": "Et andet navn til figuren, hvis du vil",
    "The consent to draw one of your characters": "Samtykket til at tegne en af dine figurer",
    "withdraw": "fortryd", "Take the consent back: the character is in no story from now on":
        "Træk samtykket tilbage: figuren er ikke med i nogen historie fra nu af",
    "give": "giv", "Give the consent again": "Giv samtykket igen",
    "who": "hvem", "Who agreed": "Hvem der har sagt ja",
    "illustrate": "illustrer",
    "Draw pictures to a whole text, page by page": "Tegn billeder til en hel tekst, side for side",
    "A text file (.txt or .md); leave out to paste the text":
        "En tekstfil (.txt eller .md); lad være tom for at indsætte teksten",
    "fill": "udfyld",
    "Write and draw the missing page between two others": "Skriv og tegn den side, der mangler mellem to andre",
    "first": "første",
    "The page before the gap": "Siden før hullet",
    "second": "anden",
    "The page after the gap": "Siden efter hullet",
    "change": "ændr",
    "Have a picture drawn again with something different": "Få et billede tegnet igen med noget lavet om",
    "what": "hvad",
    "What should be different, in your own words": "Hvad der skal være anderledes, med dine egne ord",
    "A picture of the place where the story begins": "Et billede af stedet, hvor historien begynder",
    "place": "sted",
    "What kind of place the picture shows": "Hvad slags sted billedet viser",
    "bedroom": "soveværelse", "kitchen": "køkken", "living room": "stue", "classroom": "klasseværelse",
    "library": "bibliotek", "bathroom": "badeværelse", "garden": "have", "forest": "skov", "beach": "strand",
    "snowfield": "snemark", "farm": "bondegård", "street": "gade", "playground": "legeplads", "mountain": "bjerg",
    "meadow": "eng", "castle": "slot", "cave": "hule", "underwater": "under vandet", "space": "rummet",
    "cloudland": "skyernes land",
})


class Words:
    """Sentences in one language: `words("turn_taken", name="Mia")`."""

    def __init__(self, locale: str) -> None:
        self.locale = spoken(locale)

    def __call__(self, key: str, **facts: object) -> str:
        """The sentence for a key; the general one for a key nobody has written a sentence for."""
        sentences = SENTENCES[self.locale]
        sentence = sentences.get(key)
        if sentence is None:
            log.warning("there is no sentence for %s", key)
            sentence = sentences["unexpected"]
        try:
            return sentence.format(**facts)
        except (KeyError, IndexError):         # raised with fewer facts than the sentence names: still a plain sentence
            log.warning("the sentence for %s lacks a fact", key)
            return sentences["refused"]

    def reason(self, key: str, **facts: object) -> str:
        """The sentence for an error's `reason` and `facts`."""
        return self(key, **facts)

    def value(self, word: str) -> str:
        """A word of the vocabulary as menus show it."""
        return (DANISH_VALUES if self.locale == "da" else _ENGLISH_VALUES).get(word, word)


def spoken(locale: str | None, default: str = "en") -> str:
    """The language spoken for a Discord locale (`en-GB`, `da`, ...): `en` or `da`."""
    language = (locale or "").split("-")[0]
    if language in SENTENCES:
        return language
    return default if default in SENTENCES else "en"


def placeholders(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


class CommandTranslator(app_commands.Translator):
    """Gives Discord the Danish names and descriptions of commands when they are registered."""

    async def translate(self, string: app_commands.locale_str, locale: discord.Locale,
                        context: app_commands.TranslationContextTypes) -> str | None:
        if locale is not discord.Locale.danish:
            return None
        # a command whose name is also another's: `/character export` is no book
        full = getattr(context.data, "qualified_name", "")
        own = DANISH_COMMANDS.get(full) if full.rpartition(" ")[2] == string.message else None
        return own or DANISH_COMMANDS.get(string.message)
