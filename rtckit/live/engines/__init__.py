"""What drives ICE over sockets: rtckit's own agent, and aioice."""
