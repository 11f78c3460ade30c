export default (message) =>
  message.kind === 'line' ? { ...message, text: message.text.toUpperCase() } : message;
