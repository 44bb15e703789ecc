"""The plot world: simulated stories with everything known about them, to train and to judge the writer."""
