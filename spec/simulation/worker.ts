import { type Batch, play } from './play.js';

// Receives a batch, sends the number of each schedule when it starts, and then the outcome.
process.on('message', (batch: Batch) => {
  const onStart = (nth: number): void => void process.send?.(nth);
  void play(batch, onStart).then((outcome) => process.send?.(outcome));
});
