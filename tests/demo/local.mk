# tests/demo
