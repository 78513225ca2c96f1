"""What the steps do, one module a step: what a module imports is the code that its step rests on."""
