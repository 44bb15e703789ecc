"""What people can ask the bot for, one subject a file. Each cog is thin: it checks, asks the engine, and answers."""
