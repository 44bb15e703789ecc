"""The engine: stories, visual memory and models. It never imports the Discord face."""
