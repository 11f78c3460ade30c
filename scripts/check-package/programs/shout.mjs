export default (message) =>
  message.kind === 'line'
    ? { ...message, text: message.text.toUpperCase() + process.env.READABLE_STREAM }
    : message;
