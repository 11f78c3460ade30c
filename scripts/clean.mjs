// Removes the output of the last build: that of deleted sources would still be tested and packed.
import { rmSync } from 'node:fs';

for (const folder of ['../dist', '../man']) {
  rmSync(new URL(folder, import.meta.url), { recursive: true, force: true });
}
