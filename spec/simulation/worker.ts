import { type Batch, play } from './campaign.js';

// Plays what it is sent, says of each schedule that it begins, and answers with what came of it all.
process.on('message', (batch: Batch) => {
  const began = (nth: number): void => void process.send?.(nth);
  void play(batch, began).then((outcome) => process.send?.(outcome));
});
