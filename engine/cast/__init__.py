"""Casting: photos become safe pixels, safe pixels and words become a Look, a Look becomes an avatar."""
