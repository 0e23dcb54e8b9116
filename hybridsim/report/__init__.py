"""What a person reads: report.html (`report.page.write_report`) and card.md (`report.card.card`).

Nothing is imported here, so that writing a card does not load plotly.
"""
