// What the checker must complain about: a fault that compiles, and one refused for another reason.
// fault 1: never said
// fault 2: the expected sentence
#if FAULT == 2
static_assert(false, "another sentence");
#endif
