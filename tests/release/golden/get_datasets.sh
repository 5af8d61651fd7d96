#!/bin/sh
python -m lib.tools
