"""Every sentence in English, by key, and the words of menus that do not speak for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SENTENCES: Final[Mapping[str, str]] = MappingProxyType({
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
    "certificate_unusable": "I cannot sign pictures just now, so they have to wait. Please tell whoever runs this bot.",
    "master_key_missing": "The key to the saved pictures is missing. Please tell whoever runs this bot.",
    "master_key_damaged": "The key to the saved pictures is damaged. Please tell whoever runs this bot.",
    "master_key_wrong": "The key does not open the saved pictures. Please tell whoever runs this bot.",
    "master_key_unwritable": "The key to the pictures cannot be saved. Please tell whoever runs this bot.",
    "settings_unusable": "My settings cannot be used. Please tell whoever runs this bot.",
    "studio_failed": "The drawing studio could not do it this time.",
    "studio_memory": "There was not enough memory to draw this picture, also not with less at a time.",
    "studio_blank": "The picture came out empty, and so did a second try.",
    "studio_stuck": "The drawing studio stopped answering, and so it did when I asked once more.",
    "studio_busy": "The drawing studio is very busy. Please try again in a minute.",
    "studio_starting": "The drawing studio is still starting. Please try again in a minute.",
    "restarting": "I am just being restarted. Please try again in a minute.",
    "answered_too_late": "That took too long for Discord. It may be done all the same: have a look, and try again if "
                         "it is not.",
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
    "photo_unsuitable": "That picture does not look right for a children's book, so I do not use it. Nothing of it is "
                        "kept.",
    "photo_not_looked_at": "I could not look at that picture just now, so I do not use it. Nothing of it is kept; "
                           "please try again later.",
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
    "turns_waiting": "You have {limit} turns waiting already. One of them should be done in about {seconds} s; "
                     "then there is room for another.",
    "server_turns_waiting": "On this server {limit} turns are waiting already. There should be room again in about "
                            "{seconds} s.",
    "quota_reached": "You have had your {limit} pictures for today. There will be more {when}.",
    "server_quota_reached": "This server has had its {limit} pictures for today. There will be more {when}.",
    "undo_stale": "Only the newest page can be taken back.",
    "nothing_to_undo": "There is no page to take back.",
    "panel_undone": "This page was taken back, so it cannot be drawn again.",
    "redraw_running": "This picture is being drawn just now.",

    # what does not suit a story, and what was reported
    "unsuitable_sexual": "That is nothing I tell of, and nothing I draw. Please let something else happen.",
    "unsuitable_gore": "That is bloodier than the stories told here. Could it happen without wounds and blood?",
    "unsuitable_selfharm": "I leave that out of stories. If it is about you or somebody you know, please talk about it "
                           "with somebody you trust: nobody has to be alone with that.",
    "unsuitable_hate": "Everybody is welcome in stories here, so I do not tell that. Could it be kinder?",
    "unsuitable_danger": "I do not tell how such things are made or done. Please let something else happen.",
    "unsuitable_violence": "That is rougher than this story is meant to be. Could it happen in a gentler way?",
    "unsuitable_drugs": "Let us leave drinking and drugs out of this story. What could it be instead?",
    "unsuitable_romance": "In this story there are hugs and good-night kisses, and no more. Could it be one of those?",
    "unsuitable_swearing": "There is a rude word in that. Could you say it in a nicer way?",
    "unsuitable_blocked": "There is a word in that which this server keeps out of stories. Could you say it in another "
                          "way?",
    "unsuitable_part": "I cannot draw this part: “{part}” {why} Nothing of the text is drawn yet.",
    "prose_unsuitable": "What came to my mind did not suit the story, twice. Please try again, or write the turn a "
                        "little differently.",
    "brief_unsuitable": "That picture would not suit the story.",
    "picture_unsuitable": "What came out did not suit the story, twice. Redraw tries again.",
    "walled": "That is nothing I draw.",
    "panel_locked": "This picture is hidden, because somebody reported it.",
    "button_report": "Report",
    "report_done": "Thank you. The picture is hidden now, and whoever looks after this server will look at it.",
    "report_done_dm": "The picture is hidden now, and memory passes over it. Nobody was told: this is between us.",
    "report_already": "That picture is hidden already. Thank you all the same.",
    "report_seen": "Somebody who looks after this server has looked at that picture and let it stay. If it still "
                   "troubles you, please talk to them.",
    "report_too_many": "You have reported {limit} things within an hour. Please talk to whoever looks after this "
                       "server.",
    "report_hidden": "This picture is hidden: somebody reported it.",
    "report_removed": "This picture was removed.",
    "report_gallery": "These pictures are hidden here, because one of them was reported. The others still stand above, "
                      "one by one.",
    "report_told": "A picture was reported in {place}, in the story **{title}**. It is hidden until you decide.",
    "report_none": "No reported picture or page is waiting.",
    "report_decided": "That was decided already.",
    "report_restored_by": "**{name}** shows the reported picture of **{title}** again.",
    "report_removed_by": "**{name}** removed the reported picture of **{title}** for good.",
    "report_shown": "The picture that was reported, for you alone:",
    "report_shown_alt": "The picture that was reported",
    "report_nothing": "There is no page or picture of a story in that message that I could hide. A gallery's pictures "
                      "all stand above it, one by one: each has its own button.",
    "report_words_done": "Thank you. The words of that page are hidden now, and whoever looks after this server will "
                         "look at them. Its picture has a button of its own.",
    "report_words_done_dm": "The words of that page are hidden now, and memory passes over them. Nobody was told: this "
                            "is between us.",
    "report_words_already": "Those words are hidden already. Thank you all the same.",
    "report_words_seen": "Somebody who looks after this server has read that page and let it stay. If it still "
                         "troubles you, please talk to them.",
    "report_words_hidden": "These words are hidden: somebody reported them.",
    "report_words_removed": "These words were removed.",
    "report_words_alt": "A picture of a page whose words are hidden",
    "report_words_told": "The words of a page were reported in {place}, in the story **{title}**. They are hidden "
                         "until you decide.",
    "report_words_restored_by": "**{name}** shows the reported page of **{title}** again.",
    "report_words_removed_by": "**{name}** removed the words of the reported page of **{title}** for good.",
    "report_words_shown": "What was reported, for you alone:",
    "button_report_show": "Show me", "button_report_restore": "Restore", "button_report_remove": "Remove for good",
    "moderators_only": "Only people who look after this server can do that.",
    "barred": "I take nothing from you on this server any more. Whoever looks after it can say why.",
    "moderation_blocked": "“{word}” is kept out of stories on this server from now on.",
    "moderation_unblocked": "“{word}” may be said in stories again.",
    "moderation_word_unknown": "“{word}” is not on the list.",
    "moderation_word_empty": "Please give a word or a few, with letters in them.",
    "moderation_words_full": "There are {limit} words on the list, and that is as many as it holds.",
    "moderation_words": "Kept out of stories on this server: {words}",
    "moderation_words_none": "This server keeps no words out of stories besides what I leave out myself.",
    "moderation_channel": "Reports go to {channel} from now on.",
    "moderation_channel_owner": "Reports go to the owner of this server from now on.",
    "moderation_channel_closed": "I cannot write in that channel. Please give me View Channel and Send Messages there, "
                                 "or choose another.",
    "moderation_banned": "From now on I take nothing from **{name}** on this server, and they sit in no story here.",
    "moderation_banned_already": "I take nothing from **{name}** already.",
    "moderation_ban_nobody": "That person cannot be shut out.",
    "moderation_unbanned": "**{name}** may play again.",
    "moderation_not_banned": "**{name}** may play already.",

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
    "panel_resumes": "I am taking a short break. Picture {number} comes as soon as I am back.",
    "turn_not_taken": "These words of yours could not become a turn while I was away. {why}",
    "page_taken_back": "This page was taken back.",
    "page_taken_back_by": "**{name}** took this page back.",
    "picture_taken_back": "This picture was taken back.",
    "turn_waits_for_studio": "-# Nobody can write or paint just now. This turn is kept, and goes on by itself as soon "
                             "as somebody can.",
    "panel_placed": "Picture {number} comes here.",
    "panel_waiting": "Picture {number} is waiting: place {place}, about {seconds} s.",
    "panel_waiting_for_studio": "Picture {number} is waiting, place {place}: nobody can paint just now. It comes as "
                                "soon as somebody can.",
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
    "why_unread": "Read back by a model that did not know the plan, it seems to show something else. Redraw tries "
                  "again.",
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
    "settings_saved": "Saved. Who may start stories: {who}. Pictures a person a day: {panels}, everybody "
                      "together: {together}. Turns that may wait at once: {queue}. Stories are {rating}. "
                      "Language: {language}. Pictures: {style}.",
    "settings_are": "Who may start stories: {who}. Pictures a person a day: {panels}, everybody "
                    "together: {together}. Turns that may wait at once: {queue}. Stories are {rating}. "
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
    "photo_let_go": "Drawn from a photo. The photo is saved nowhere, and I let go of it within {minutes} minutes. The "
                    "drawing and your words stay with me until you have them erased: `/privacy`.",
    "words_stay": "Your words and the drawing stay with me until you have them erased: `/privacy`.",
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
            "`/story start picture:` begins at a place you have a picture of.\n"
            "8. Something does not belong in a story? Report below the picture, or in the menu of a message: Apps, "
            "Report page or picture. It is hidden at once.",
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
    "terminal_nobody": "Nobody writes or paints just now: this waits until a worker is there (start `storythread "
                       "worker` on a machine that can). Ctrl-C stops; what is begun is kept.",
    "terminal_small_painter": "The painter that was chosen cannot work here, so the small one stands in for it.",
    "terminal_small_writer": "The writer that was chosen cannot work here, so the small one stands in for it.",
    "terminal_plate": "Painting the place of picture {number}",
    "role_writer": "writer", "role_painter": "painter",
    "role_guard": "guard model", "role_reader": "vision model",

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
                            "with `/character import`; so give it only to people you trust. Its pictures were "
                            "generated by a computer, and carry a label that says so.",
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
        "The {limit} pictures for today are used up. The text is kept; there will be more pictures {when}: then use "
        "`/story illustrate`.",
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
    "panel_small_painter": "-# The small painter made this one: the one that was chosen cannot work right now.",
    "panel_other_painter": "-# Another painter made this one than the one before, so it may look a little different.",
    "page_small_writer": "-# The small writer goes on from here: the one that was chosen cannot work right now.",
    "panel_paper_dolls": "-# Paper dolls stand in here: the painter cannot work right now.",
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
    "portrait_begun": "I am painting {name} from the photo. Until that is done, here is how I understood it:",
    "portrait_failed": "Painting {name} from the photo did not work out, so I have drawn this instead.",
    "portrait_gone": "I have let go of that painting by now, so here is a drawing. For a painting, please send the "
                     "photo once more with `/character edit`.",

    # what is kept, taken along, erased
    "privacy_about": "### What I keep of you\nCharacters: {characters}. Pictures: {pictures}. Your turns: {turns}. "
                     "Stories you started: {stories}.",
    "privacy_about_kept": "Words and pictures are locked with keys of their owners, on the machine I run on. Nothing "
                          "of what you write or show is put into my logs.",
    "privacy_about_photos": "Photos are never saved: I look at them, draw, and let go of them, within {minutes} "
                            "minutes at most. What stays is the drawing, and your words.",
    "privacy_about_seen": "A story is seen by whoever sees its thread. Who may use your characters you decide with "
                          "`/character share`.",
    "privacy_about_writer": "To go on with a story, its words and names are sent to the model server that whoever "
                            "runs me has chosen: {server}",
    "privacy_about_store": "The locked pictures lie in a store that whoever runs me has chosen.",
    "privacy_about_workers": "Other machines of whoever runs me write and paint. What they need, photos too where they "
                             "paint characters from them, travels there locked and is gone when they are done.",
    "privacy_about_stays": "Stories and characters stay until you have them erased.",
    "privacy_about_idle": "Stories in which nothing happens for {days} days are deleted; characters stay until you "
                          "have them erased.",
    "privacy_about_backups": "Backups are kept for {days} days. What was erased cannot be opened in them.",
    "privacy_about_server": "When I am removed from a server, its stories are deleted {days} days later.",
    "privacy_about_how": "`/privacy export` gives you all of it. `/privacy erase` has all of it erased. To take "
                         "only one character out of stories: `/character consent withdraw`. What stands in Discord "
                         "is kept by Discord.",
    "privacy_nothing": "I keep nothing of you.",
    "privacy_export_running": "I am packing your things already. They are coming.",
    "privacy_export_packing": "I am packing everything I keep of you …",
    "privacy_export_progress": "I am packing: {done} of {total} pictures …",
    "privacy_export_ready": "Here is everything I keep of you. Only you see this.",
    "privacy_export_part": "Part {number} of {parts} of everything I keep of you. Only you see this.",
    "privacy_export_lost": "{count} pictures could not be packed; `manifest.json` names them.",
    "privacy_export_by_dm": "It was too much for here, so I sent it to you as a private message.",
    "privacy_dms_closed": "I could not send it: I may not write private messages to you. Allow messages from people "
                          "on this server for a moment, or write to me first, and ask again.",
    "privacy_export_readme": "This is everything Storythread keeps of you.\n\nmanifest.json lists every file with "
                             "its SHA-256, in this part and the others.\nrecords/ has what the database knows, a "
                             "file for each table.\npictures/ has the pictures by their id, as the records name "
                             "them. Those the manifest says a painter generated were made by a computer; each has a "
                             "signed label that says so (storythread label FILE reads it).\n\nWhat others wrote is "
                             "theirs and not in here.\n",
    "privacy_erase_running": "It is being erased already. I tell you when it is done.",
    "privacy_server_nothing": "I keep nothing of this server.",
    "privacy_erase_title": "Erase everything",
    "privacy_erase_sure": "Your characters, all pictures of them, your turns, and the stories you started are "
                          "deleted for good, and so are my messages that show them. This cannot be taken back. To "
                          "take it along first, close this and use `/privacy export`.",
    "privacy_erase_server_sure": "All stories told on this server are deleted for good, with their pictures, for "
                                 "everybody who wrote in them. People's own characters stay theirs. This cannot be "
                                 "taken back.",
    "privacy_erase_label": "To do that, write {word}",
    "privacy_erase_word": "ERASE",
    "privacy_erase_not_typed": "Nothing was erased. To have it erased, write {word} in the form.",
    "privacy_erase_begun": "I am erasing. First I look for my messages that show you or your characters …",
    "privacy_erase_progress": "I am erasing: {count} messages so far …",
    "privacy_erased": "### It is done\nI have forgotten you: your characters, their pictures, your turns, the "
                      "stories you started, and the key that opened it all.",
    "privacy_erased_messages": "In Discord I deleted {deleted} of my messages and took you out of {changed} more.",
    "privacy_left_own": "What you wrote yourself only you can delete: {count} messages, by a long press or the "
                        "three dots beside them.",
    "privacy_left_closed": "I may not delete in some places any more ({count}). Somebody who manages the server can:",
    "privacy_left_elsewhere": "Private answers of mine that only you see go when you close Discord. What other "
                              "people wrote or saved is theirs. You are always welcome again.",
    "privacy_server_erased": "It is done: {count} stories of this server are deleted. My messages in their threads "
                             "stay until somebody deletes the threads.",
    "privacy_thread_name": "A story",
})

VALUES: Final[Mapping[str, str]] = MappingProxyType({
    "day": "by day", "evening": "in the evening", "night": "by night",
    "True": "yes", "False": "no", "0.8": "small", "0.9": "rather small", "1.0": "usual",
    "1.1": "rather big", "1.2": "big",
    "bare": "no clothes", "bob": "bob", "fair": "fair",
})
