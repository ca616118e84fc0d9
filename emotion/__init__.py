"""The ground floor: what training and listening must agree on."""
