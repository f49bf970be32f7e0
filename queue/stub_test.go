package queue

const childDir = "WINNOW_QUEUE_TEST_CHILD"

func child(string) int { return 0 }
