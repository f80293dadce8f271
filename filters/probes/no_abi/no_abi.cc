// A sound module that does not say which ABI it speaks.
#include "host.h"
