// No plugin brings drop reasons.
