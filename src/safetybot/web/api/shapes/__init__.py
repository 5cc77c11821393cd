"""What the API takes and gives, as the OpenAPI document describes it: a file for each resource, and no route."""
