"""How the Internet sees this home: what names lead to, and the address that others see us at."""
