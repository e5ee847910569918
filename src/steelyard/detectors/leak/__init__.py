"""The leak check (D3): released items of a sealed suite against kept ones, by the split that was committed before."""
