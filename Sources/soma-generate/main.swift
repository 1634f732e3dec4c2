print("soma-generate")
