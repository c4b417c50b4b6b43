// The page's own few words, in the visitor's language. The conversation itself is not translated.
const WORDS = {
  en: {
    write: "Write a message", send: "Send", earlier: "Earlier messages", newer: "New message", today: "Today",
    typing: "Writing an answer", offline: "Connecting again. What you write is kept.", gone: "This chat is closed.",
    waiting: "waiting for the connection", tooLong: "A message may have up to 4,000 characters.",
    pace: "One moment: that was a lot at once. Your message follows.",
  },
  pt: {
    write: "Escreva uma mensagem", send: "Enviar", earlier: "Mensagens anteriores", newer: "Nova mensagem", today: "Hoje",
    typing: "Escrevendo uma resposta", offline: "Reconectando. O que você escrever fica guardado.", gone: "Este chat está fechado.",
    waiting: "aguardando a conexão", tooLong: "Uma mensagem pode ter até 4.000 caracteres.",
    pace: "Um momento: foi muita coisa de uma vez. Sua mensagem segue em breve.",
  },
  es: {
    write: "Escribe un mensaje", send: "Enviar", earlier: "Mensajes anteriores", newer: "Mensaje nuevo", today: "Hoy",
    typing: "Escribiendo una respuesta", offline: "Conectando de nuevo. Lo que escribas se guarda.", gone: "Este chat está cerrado.",
    waiting: "esperando la conexión", tooLong: "Un mensaje puede tener hasta 4.000 caracteres.",
    pace: "Un momento: fue mucho a la vez. Tu mensaje sale enseguida.",
  },
};

const code = navigator.language.slice(0, 2);
document.documentElement.lang = code in WORDS ? code : "en";
export const words = WORDS[document.documentElement.lang];
