// Empties dist before a build: output of deleted sources would still be tested and packed.
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
