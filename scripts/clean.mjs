// What tsc no longer emits must not linger: a deleted spec would still run, a deleted file would still be packed.
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
