#!/usr/bin/env node
// through2 is made of readable-stream, which is Node's own streams of another year. To load those a second time is an
// eighth of the time that the command takes to start. It is told so before it is loaded, and whom we start is not.
const asked = process.env.READABLE_STREAM;
process.env.READABLE_STREAM ??= 'disable';
import('./command.js')
  .then(({ main }) => {
    if (asked === undefined) delete process.env.READABLE_STREAM;
    return main();
  })
  .catch(({ stack }: Error) => {
    // It is not there, or not whole.
    process.stderr.write(`Fatal error\n${process.argv.includes('--verbose') ? `${stack}\n` : ''}`);
    process.exitCode = 1;
  });
