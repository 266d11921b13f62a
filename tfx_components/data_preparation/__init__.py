"""DataPreparation: has a module of the model write the data files, and puts them in place."""
