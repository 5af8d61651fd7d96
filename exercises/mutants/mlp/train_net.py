"""Answers to the three blocks of the training loop: right in several styles, wrong in the usual ways."""


def right_short(self):
    """As few names as possible; the penalty always passed on; copies with deepcopy."""
    ### BEGIN SOLUTION train-step
    loss = loss_func.forward(model.forward(data_batch, True), labels_batch)
    model.backward(loss_func.backward(), regularization, reg_lambda)
    optimizer.step()
    ### END SOLUTION
    ### BEGIN SOLUTION train-accuracy
    train_acc = compute_acc(model, data_train, labels_train)
    val_acc = compute_acc(model, data_val, labels_val)
    ### END SOLUTION
    ### BEGIN SOLUTION train-best
    import copy

    if val_acc > best_val_acc:
        opt_params = copy.deepcopy(model.net.params)
        best_val_acc = val_acc
    ### END SOLUTION
    return None


def right_long(self):
    """Step by step; accuracies by hand; the last of several equal epochs."""
    ### BEGIN SOLUTION train-step
    scores = model.forward(data_batch, is_training=True)
    loss = loss_func.forward(scores, labels_batch)
    dloss = loss_func.backward()
    model.backward(dloss, regularization=regularization, reg_lambda=reg_lambda)
    optimizer.step()
    ### END SOLUTION
    ### BEGIN SOLUTION train-accuracy
    train_acc = np.mean(np.argmax(model.forward(data_train, False), axis=1) == labels_train)
    val_acc = np.mean(np.argmax(model.forward(data_val, is_training=False), axis=1) == labels_val)
    ### END SOLUTION
    ### BEGIN SOLUTION train-best
    if val_acc >= best_val_acc:
        best_val_acc = val_acc
        opt_params = {}
        for layer in model.net.layers:
            for name in layer.params:
                opt_params[name] = np.array(layer.params[name])
    ### END SOLUTION
    return None


def right_gathered(self):
    """Collected the parameters once more before copying."""
    ### BEGIN SOLUTION train-best
    model.net.gather_params()
    if best_val_acc < val_acc:
        best_val_acc = max(best_val_acc, val_acc)
        opt_params = dict(zip(model.net.params, [np.copy(p) for p in model.net.params.values()]))
    ### END SOLUTION
    return None


def wrong_step_first(self):
    """Made the step before the backward pass."""
    ### BEGIN SOLUTION train-step
    scores = model.forward(data_batch, is_training=True)
    loss = loss_func.forward(scores, labels_batch)
    dloss = loss_func.backward()
    optimizer.step()
    model.backward(dloss, regularization, reg_lambda)
    ### END SOLUTION
    return None


def wrong_all_data(self):
    """Passed all samples at once."""
    ### BEGIN SOLUTION train-step
    scores = model.forward(data_train, is_training=True)
    loss = loss_func.forward(scores, labels_train)
    dloss = loss_func.backward()
    model.backward(dloss, regularization, reg_lambda)
    optimizer.step()
    ### END SOLUTION
    return None


def wrong_exchanged(self):
    """Exchanged the two accuracies."""
    ### BEGIN SOLUTION train-accuracy
    train_acc = compute_acc(model, data_val, labels_val)
    val_acc = compute_acc(model, data_train, labels_train)
    ### END SOLUTION
    return None


def wrong_by_training(self):
    """Chose by the training accuracy."""
    ### BEGIN SOLUTION train-best
    if train_acc > best_val_acc:
        best_val_acc = train_acc
        opt_params = {name: value.copy() for name, value in model.net.params.items()}
    ### END SOLUTION
    return None


EDITS = [
    ("wrong_no_step", "forgot the optimizer", "right_long", "optimizer.step()", "pass"),
    (
        "wrong_no_backward",
        "forgot the network's backward pass",
        "right_long",
        "model.backward(dloss, regularization=regularization, reg_lambda=reg_lambda)",
        "pass",
    ),
    (
        "wrong_penalty_dropped",
        "did not pass the penalty on",
        "right_long",
        "model.backward(dloss, regularization=regularization, reg_lambda=reg_lambda)",
        "model.backward(dloss)",
    ),
    ("wrong_test_mode", "trained in test mode", "right_long", "is_training=True", "is_training=False"),
    (
        "wrong_training_mode",
        "measured accuracy in training mode",
        "right_long",
        "data_val, is_training=False",
        "data_val, is_training=True",
    ),
    (
        "wrong_percent",
        "gave percent",
        "right_short",
        "compute_acc(model, data_val, labels_val)",
        "100 * compute_acc(model, data_val, labels_val)",
    ),
    (
        "wrong_batch_accuracy",
        "measured on the last batch",
        "right_short",
        "compute_acc(model, data_train, labels_train)",
        "compute_acc(model, data_batch, labels_batch)",
    ),
    (
        "wrong_alias",
        "kept the network's own dictionary",
        "right_short",
        "copy.deepcopy(model.net.params)",
        "model.net.params",
    ),
    (
        "wrong_shallow",
        "copied the dictionary, not the arrays",
        "right_short",
        "copy.deepcopy(model.net.params)",
        "dict(model.net.params)",
    ),
    (
        "wrong_best_not_updated",
        "forgot to update best_val_acc",
        "right_short",
        "best_val_acc = val_acc",
        "pass",
    ),
    (
        "wrong_smaller",
        "kept the worst",
        "right_short",
        "val_acc > best_val_acc",
        "val_acc < best_val_acc or not opt_params",
    ),
    (
        "wrong_empty",
        "took the model's params, which are empty",
        "right_short",
        "copy.deepcopy(model.net.params)",
        "copy.deepcopy(model.params)",
    ),
    ("wrong_always", "kept the last parameters", "right_short", "val_acc > best_val_acc", "True"),
    (
        "wrong_loss_missing",
        "did not assign the loss",
        "right_short",
        "loss = loss_func.forward(model",
        "value = loss_func.forward(model",
    ),
]
