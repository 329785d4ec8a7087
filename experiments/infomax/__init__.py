"""What the chapters on Deep InfoMax train and draw."""
