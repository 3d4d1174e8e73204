// Written by `make contract` from the functions' signatures: what each takes, answers and, where it streams, tells on the way.
//
//   const createBot = httpsCallable<Request<"create_bot">, Result<"create_bot">>(functions, "create_bot");
//   const chat = httpsCallable<Request<"chat">, Result<"chat">, StreamEvent<"chat">>(functions, "chat");
import type { components } from "./api";

type Schemas = components["schemas"];

export interface Callables {
  add_text: { request: Schemas["AddTextData"]; result: Schemas["DocumentView"]; event: never };
  chat: { request: Schemas["ChatData"]; result: Schemas["ChatResult"]; event: Schemas["ChatEvent"] };
  create_bot: { request: Schemas["CreateBotData"]; result: Schemas["BotView"]; event: never };
  create_upload: { request: Schemas["CreateUploadData"]; result: Schemas["Upload"]; event: never };
  delete_bot: { request: Schemas["DeleteBot"]; result: Schemas["DeletionView"]; event: never };
  delete_conversation: { request: Schemas["DeleteConversation"]; result: Schemas["DeletionView"]; event: never };
  delete_document: { request: Schemas["DeleteDocument"]; result: Schemas["DeletionView"]; event: never };
  delete_persona: { request: Schemas["DeletePersona"]; result: Schemas["DeletedPersona"]; event: never };
  delete_prompt: { request: Schemas["DeletePrompt"]; result: Schemas["DeletedPrompt"]; event: never };
  delete_provider_key: { request: Schemas["DeleteProviderKey"]; result: Schemas["DeletedProviderKey"]; event: never };
  draft_instructions: { request: Schemas["DraftInstructionsData"]; result: Schemas["DraftedInstructions"]; event: never };
  get_bot: { request: Schemas["GetBot"]; result: Schemas["BotDetails"]; event: never };
  get_conversation: { request: Schemas["GetConversation"]; result: Schemas["ConversationWithTurns"]; event: never };
  get_deletion: { request: Schemas["GetDeletion"]; result: Schemas["DeletionView"]; event: never };
  get_document: { request: Schemas["GetDocument"]; result: Schemas["DocumentView"]; event: never };
  get_profile: { request: Schemas["NoFields"]; result: Schemas["OwnProfile"]; event: never };
  get_prompt: { request: Schemas["GetPrompt"]; result: Schemas["PromptView"]; event: never };
  get_shared_bot: { request: Schemas["GetSharedBot"]; result: Schemas["SharedBotView"]; event: never };
  get_upload_status: { request: Schemas["GetUploadStatus"]; result: Schemas["DocumentView"]; event: never };
  health: { request: Schemas["NoFields"]; result: Schemas["Health"]; event: never };
  list_bot_turns: { request: Schemas["ListBotTurns"]; result: Schemas["PageOfLoggedTurn"]; event: never };
  list_bot_versions: { request: Schemas["ListBotVersions"]; result: Schemas["PageOfBotVersionView"]; event: never };
  list_bots: { request: Schemas["PageRequest"]; result: Schemas["PageOfBotView"]; event: never };
  list_chunks: { request: Schemas["ListChunks"]; result: Schemas["PageOfChunkView"]; event: never };
  list_conversations: { request: Schemas["PageRequest"]; result: Schemas["PageOfConversationView"]; event: never };
  list_dead_letters: { request: Schemas["ListDeadLetters"]; result: Schemas["PageOfDeadLetterView"]; event: never };
  list_documents: { request: Schemas["ListDocuments"]; result: Schemas["PageOfDocumentView"]; event: never };
  list_personas: { request: Schemas["PageRequest"]; result: Schemas["PageOfPersonaView"]; event: never };
  list_prompts: { request: Schemas["PageRequest"]; result: Schemas["PageOfPromptView"]; event: never };
  list_provider_keys: { request: Schemas["PageRequest"]; result: Schemas["PageOfProviderKeyView"]; event: never };
  rate_turn: { request: Schemas["RateTurn"]; result: Schemas["TurnRating"]; event: never };
  register_device: { request: Schemas["RegisterDevice"]; result: Schemas["DeviceView"]; event: never };
  register_user: { request: Schemas["RegisterUser"]; result: Schemas["Profile"]; event: never };
  rename_conversation: { request: Schemas["RenameConversation"]; result: Schemas["ConversationView"]; event: never };
  replay_dead_letter: { request: Schemas["ReplayDeadLetter"]; result: Schemas["DeadLetterView"]; event: never };
  reprocess_document: { request: Schemas["ReprocessDocumentData"]; result: Schemas["DocumentView"]; event: never };
  request_password_reset: { request: Schemas["ResetRequest"]; result: null; event: never };
  restore_bot_version: { request: Schemas["RestoreBotVersionData"]; result: Schemas["BotView"]; event: never };
  resume_turn: { request: Schemas["ResumeTurn"]; result: Schemas["ChatResult"]; event: Schemas["ResumeTurnEvent"] };
  run_prompt: { request: Schemas["RunPromptData"]; result: Schemas["PromptAnswer"]; event: never };
  save_persona: { request: Schemas["SavePersonaData"]; result: Schemas["PersonaView"]; event: never };
  save_prompt: { request: Schemas["SavePromptData"]; result: Schemas["PromptView"]; event: never };
  save_provider_key: { request: Schemas["SaveProviderKey"]; result: Schemas["ProviderKeyView"]; event: never };
  search_knowledge: { request: Schemas["SearchKnowledge"]; result: Schemas["FoundPassages"]; event: never };
  share_bot: { request: Schemas["ShareBotData"]; result: Schemas["BotView"]; event: never };
  sign_in: { request: Schemas["SignInRequest"]; result: Schemas["Session"]; event: never };
  sign_in_with_provider: { request: Schemas["SignInWithProvider"]; result: Schemas["Session"]; event: never };
  sign_out: { request: Schemas["NoFields"]; result: null; event: never };
  stop_turn: { request: Schemas["StopTurn"]; result: Schemas["TurnState"]; event: never };
  submit_url: { request: Schemas["SubmitUrlData"]; result: Schemas["DocumentView"]; event: never };
  update_bot: { request: Schemas["UpdateBotData"]; result: Schemas["BotView"]; event: never };
  update_profile: { request: Schemas["UpdateProfile"]; result: Schemas["Profile"]; event: never };
}

export type FunctionName = keyof Callables;
export type Request<Name extends FunctionName> = Callables[Name]["request"];
export type Result<Name extends FunctionName> = Callables[Name]["result"];
export type StreamEvent<Name extends FunctionName> = Callables[Name]["event"];
/** The closed codes, under which a page keeps its sentences. */
export type ErrorCode = Schemas["ErrorCode"];
/** `details` of the SDK's error. */
export type ErrorDetails = Schemas["CallableError"]["details"];
