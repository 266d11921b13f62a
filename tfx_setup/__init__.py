"""Makes the two environments and checks the machine; standard library only."""
