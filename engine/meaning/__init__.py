"""What a text means: who is spoken of, who comes in, what is put on. Plain Python."""
