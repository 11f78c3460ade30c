#include "load.h"

enum { SUB = 128, OCTAVES = 40 };

static uint64_t histogram[OCTAVES * SUB]; // of delays in ns, with a precision of 1/128
static uint64_t samples;

void record_delay(uint64_t delay) {
    int octave = delay < SUB ? 0 : 63 - __builtin_clzll(delay) - 6;
    uint64_t index = octave == 0 ? delay : (uint64_t)octave * SUB / 2 + (delay >> octave);
    if (index >= OCTAVES * SUB) index = OCTAVES * SUB - 1;
    histogram[index]++;
    samples++;
}

uint64_t recorded_delays(void) { return samples; }

static double value_of(uint64_t index) {
    if (index < SUB) return (double)index;
    uint64_t octave = (index - SUB / 2) / (SUB / 2);
    return (double)((index - octave * SUB / 2) << octave);
}

double delay_quantile(double q) {
    uint64_t target = (uint64_t)((double)samples * q), sum = 0;
    for (uint64_t i = 0; i < OCTAVES * SUB; i++)
        if ((sum += histogram[i]) > target) return value_of(i) / 1e6;
    return 0;
}
