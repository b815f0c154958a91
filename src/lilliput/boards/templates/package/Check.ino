/* $title: runs the stored inputs on this board and compares each output value. Prints OK or the first wrong value. */
#include <lilliput_model.h>

#include "lilliput_check.h"

alignas(LILLIPUT_MODEL_ARENA_ALIGN) static uint8_t arena[LILLIPUT_MODEL_ARENA_BYTES];

void setup()
{
    Serial.begin(115200);
    while (!Serial) {
    }
    for (uint32_t row = 0; row < LILLIPUT_CHECK_ROWS; row++) {
        const unsigned long start = micros();
        const lilliput_check_t found = lilliput_check(arena, row);
        const unsigned long spent = micros() - start;
        if (!found.is_equal) {
            Serial.print("row ");
            Serial.print(static_cast<unsigned long>(row));
            Serial.print(", output ");
            Serial.print(static_cast<unsigned long>(found.output));
            Serial.print(", value ");
            Serial.print(static_cast<unsigned long>(found.index));
            Serial.print(": expected ");
            Serial.print(static_cast<$c_cast>(found.expected)$digits);
            Serial.print(", got ");
            Serial.println(static_cast<$c_cast>(found.got)$digits);
            return;
        }
        Serial.print("row ");
        Serial.print(static_cast<unsigned long>(row));
        Serial.print(": equal, microseconds with the copies: ");
        Serial.println(spent);
    }
    Serial.println("OK");
}

void loop() {}
