import { type Batch, play } from './campaign.js';

// Plays what it is sent, and answers with what came of it.
process.on('message', (batch: Batch) => void play(batch).then((outcome) => process.send?.(outcome)));
