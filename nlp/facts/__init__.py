"""Facts a text states about a matter: how many workers, how much money, how long, who was hurt, who is called where."""
