"""The stacks rtckit models: each its own parser, its own order of checks, its own words."""
