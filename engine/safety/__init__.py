"""What is fit for whom: ratings, checks of words and pictures, the wall in front of the painter, a guard model."""
