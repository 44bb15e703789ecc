"""The Discord face of Storythread. It never loads a model and never reaches torch."""
