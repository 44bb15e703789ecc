"""What the large painters cost on a card. The weights are random: speed does not ask what is in them."""
