// A CommonJS program: both ways to load the package give the same exports.
const { createRelay, MiniServError } = require('mini-serv');

async function main() {
  const relay = createRelay();
  const port = await relay.listen(0);
  await relay.close();
  const imported = await import('mini-serv');
  process.stdout.write(`${port > 0} ${imported.MiniServError === MiniServError}\n`);
}

void main();
