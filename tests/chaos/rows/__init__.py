"""One module for each row of the matrix; tests.chaos.matrix finds every ROW."""
