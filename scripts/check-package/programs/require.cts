import miniServ = require('mini-serv');

const options: miniServ.RelayOptions = { transforms: [miniServ.filter({ drop: /secret/ })] };
const relay: miniServ.Relay = miniServ.createRelay(options);
relay.on('warning', ({ code, message }) => code.concat(message));
export = relay;
